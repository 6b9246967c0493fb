"""Finds or makes the contact of everyone who wrote. Called by the inbound service inside its transaction.

A person goes by several names, and two workers may meet them at the same time under different ones. All names of a
batch are added in one sorted statement; where a rival was first, the rival's contact wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.ids import new_id
from server.domain.enums import IdentityKind
from server.domain.identity import phone_digits
from server.repositories import inbound as rows
from server.repositories.inbound import Identity
from server.schemas.events import Sender

if TYPE_CHECKING:
    from server.core.db import Connection


@dataclass(slots=True)
class _Person:
    """Names that belong together, and their contact: one that exists, or an id for one to be made."""

    workspace_id: UUID
    names: list[Identity] = field(default_factory=list)
    profile_name: str | None = None
    contact_id: UUID = field(default_factory=new_id)
    is_new: bool = True

    def recognise(self, owners: dict[Identity, UUID]) -> bool:
        """Takes the contact that already goes by the first of the names that is known."""
        known = next((owners[name] for name in self.names if name in owners), None)
        if known is not None:
            self.contact_id, self.is_new = known, False
        return known is not None


async def contacts_of(connection: "Connection", senders: Sequence[tuple[UUID, Sender]]) -> list[UUID]:
    """The contact of each (workspace, sender), in their order. Raises asyncpg.PostgresError."""
    by_name = _people(senders)
    people = list({id(person): person for person in by_name.values()}.values())
    owners = await rows.find_identities(connection, by_name)
    for person in people:
        person.recognise(owners)
    wanted = {name: person.contact_id for name, person in by_name.items() if name not in owners}
    added = await rows.add_identities(connection, wanted)
    if len(added) < len(wanted):
        await _yield_to_rivals(connection, people, added, [name for name in wanted if name not in added])
    made = [(person.workspace_id, person.contact_id, person.profile_name) for person in people if person.is_new]
    await rows.add_contacts(connection, made)
    return [by_name[names_of(workspace_id, sender)[0]].contact_id for workspace_id, sender in senders]


def names_of(workspace_id: UUID, sender: Sender) -> list[Identity]:
    """Every name of a sender, the most telling first.

    The digits of a wa_id are also a phone number's: whoever wrote to that number first may be known by it only.
    """
    phone = phone_digits(sender.wa_id) if sender.wa_id else None
    named = (
        (IdentityKind.WA_ID, sender.wa_id),
        (IdentityKind.BSUID, sender.bsuid),
        (IdentityKind.PHONE, phone),
        (IdentityKind.PARENT_BSUID, sender.parent_bsuid),
    )
    return [(workspace_id, kind.value, value) for kind, value in named if value]


async def _yield_to_rivals(
    connection: "Connection", people: Sequence[_Person], added: set[Identity], lost: Sequence[Identity]
) -> None:
    """Rivals committed `lost` while we waited for them: who was new to us goes by their contact, with every name."""
    owners = await rows.find_identities(connection, lost)
    moved = {
        name: person.contact_id
        for person in people
        if person.is_new and person.recognise(owners)
        for name in person.names
        if name in added
    }
    await rows.move_identities(connection, moved)


def _people(senders: Sequence[tuple[UUID, Sender]]) -> dict[Identity, _Person]:
    """Everyone by each of their names. Senders of a batch that share a name are one person."""
    by_name: dict[Identity, _Person] = {}
    for workspace_id, sender in senders:
        names = names_of(workspace_id, sender)
        person = next((by_name[name] for name in names if name in by_name), None) or _Person(workspace_id)
        person.profile_name = sender.name or person.profile_name
        for name in names:
            if name not in by_name:
                by_name[name] = person
                person.names.append(name)
    return by_name
