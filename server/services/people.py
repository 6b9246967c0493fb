"""Finds or makes the contact of everyone whom a batch names. Called by the effects inside their transaction.

A person goes by several names, and two workers may meet them at the same time under different ones. All names of a
batch are added in one sorted statement; where a rival was first, the rival's contact wins. Contacts that turn out to be
one person are noted, to be merged apart from here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from server.core.ids import new_id
from server.domain.enums import IdentityKind
from server.domain.identity import phone_digits
from server.repositories import contact_merges
from server.repositories import inbound as rows
from server.repositories.inbound import Former, Identity
from server.schemas.events import Sender

if TYPE_CHECKING:
    from server.core.db import Connection


class Met(Struct, frozen=True):
    """Somebody whom an event names, and when: also by what they are called from then on, if that changed.

    `contact_id` where it is known already, because the event is about a message of ours to them.
    """

    workspace_id: UUID
    sender: Sender
    became: Sender | None = None
    at: datetime | None = None
    contact_id: UUID | None = None

    @property
    def names(self) -> list[Identity]:
        later = [] if self.became is None else names_of(self.workspace_id, self.became)
        return [*names_of(self.workspace_id, self.sender), *later]


@dataclass(slots=True)
class _Person:
    """Names that belong together, and their contact: one that exists, or an id for one to be made."""

    workspace_id: UUID
    names: list[Identity] = field(default_factory=list)
    profile_name: str | None = None
    contact_id: UUID = field(default_factory=new_id)
    is_new: bool = True

    def recognise(self, owners: dict[Identity, UUID]) -> bool:
        """Who was new takes the contact that already goes by the first of the names that is known."""
        known = next((owners[name] for name in self.names if name in owners), None) if self.is_new else None
        if known is not None:
            self.contact_id, self.is_new = known, False
        return known is not None


@dataclass(frozen=True, slots=True)
class Found:
    """The contact of each who was met, in their order, and which contacts turned out to be one person."""

    contacts: list[UUID] = field(default_factory=list)
    merges: list[tuple[UUID, UUID, UUID]] = field(default_factory=list)


async def contacts_of(connection: "Connection", met: Sequence[Met]) -> Found:
    """Raises asyncpg.PostgresError."""
    if not met:
        return Found()
    named = [item.names for item in met]
    known = await rows.find_identities(connection, {name for names in named for name in names})
    late = _told_late(met, named, known.former)
    present = [place for place in range(len(met)) if place not in late]
    found = await _by_their_names(
        connection, [met[place] for place in present], [named[place] for place in present], known.owners
    )
    others = iter(found.contacts)
    contacts = [(item.contact_id or late[place]) if place in late else next(others) for place, item in enumerate(met)]
    return Found(contacts, found.merges)


def _told_late(met: Sequence[Met], named: Sequence[list[Identity]], former: Former) -> dict[int, UUID]:
    """The contacts of those who were called so at the time but are not any more, by their places."""
    if not former:
        return {}
    return {
        place: contact
        for place, (item, names) in enumerate(zip(met, named, strict=True))
        if item.at is not None and item.became is None  # who has just changed names is who they are
        for name in reversed(names)  # the most telling name wins
        for until, contact in former.get(name, ())
        if item.at <= until
    }


async def _by_their_names(
    connection: "Connection", met: Sequence[Met], named: Sequence[list[Identity]], owners: dict[Identity, UUID]
) -> Found:
    by_name = _people(met, named)
    people = list({id(person): person for person in by_name.values()}.values())
    for person in people:
        person.recognise(owners)
    wanted = {name: person.contact_id for name, person in by_name.items() if name not in owners}
    added = await rows.add_identities(connection, wanted)
    owners |= {name: wanted[name] for name in added}
    if len(added) < len(wanted):
        owners |= await _yield_to_rivals(connection, people, added, [name for name in wanted if name not in added])
    made = [(person.workspace_id, person.contact_id, person.profile_name) for person in people if person.is_new]
    await rows.add_contacts(connection, made)
    contacts = [item.contact_id or by_name[names[0]].contact_id for item, names in zip(met, named, strict=True)]
    return Found(contacts, _one_person(contacts, named, owners))


async def tidy_up(connection: "Connection", met: Sequence[Met], found: Found) -> None:
    """People do not answer any more to what they were called before, and the merger is told of whom to merge.

    After all else that locks rows of people, as the merger itself does. Raises asyncpg.PostgresError.
    """
    gone = {
        name: (contact, item.at)
        for item, contact in zip(met, found.contacts, strict=True)
        if item.at is not None
        for name in _retired(item)
    }
    await rows.retire_identities(connection, gone)
    await contact_merges.note(connection, found.merges)


def names_of(workspace_id: UUID, sender: Sender) -> list[Identity]:
    """Every name of a sender, the most telling first.

    The digits of a wa_id are also a phone number's: whoever wrote to that number first may be known by it only.
    """
    phone = sender.phone or (phone_digits(sender.wa_id) if sender.wa_id else None)
    named = (
        (IdentityKind.WA_ID, sender.wa_id),
        (IdentityKind.BSUID, sender.bsuid),
        (IdentityKind.PHONE, phone),
        (IdentityKind.PARENT_BSUID, sender.parent_bsuid),
    )
    return [(workspace_id, kind.value, value) for kind, value in named if value]


def _one_person(
    contacts: Sequence[UUID], named: Sequence[list[Identity]], owners: dict[Identity, UUID]
) -> list[tuple[UUID, UUID, UUID]]:
    """Contacts that share a person, as (workspace, the younger, the older)."""
    pairs = {
        (name[0], max(contact, owners[name]), min(contact, owners[name]))
        for contact, names in zip(contacts, named, strict=True)
        for name in names
        if owners[name] != contact
    }
    return sorted(pairs)


def _retired(item: Met) -> Iterator[Identity]:
    """The names of the kinds that have a new one. With the number goes its phone."""
    if item.became is None:
        return
    now = set(item.names[len(names_of(item.workspace_id, item.sender)) :])
    kinds = {kind for _, kind, _ in now}
    for name in names_of(item.workspace_id, item.sender):
        if name[1] in kinds and name not in now:
            yield name


async def _yield_to_rivals(
    connection: "Connection", people: Sequence[_Person], added: set[Identity], lost: Sequence[Identity]
) -> dict[Identity, UUID]:
    """Rivals committed `lost` while we waited for them: who was new to us goes by their contact, with every name.

    Returns the owners that differ from what was wanted.
    """
    owners = (await rows.find_identities(connection, lost)).owners
    moved = {
        name: person.contact_id
        for person in people
        if person.recognise(owners)
        for name in person.names
        if name in added
    }
    await rows.move_identities(connection, moved)
    return owners | moved


def _people(met: Sequence[Met], named: Sequence[list[Identity]]) -> dict[Identity, _Person]:
    """Everyone by each of their names. Those of a batch that share a name are one person."""
    by_name: dict[Identity, _Person] = {}
    for item, names in zip(met, named, strict=True):
        person = next((by_name[name] for name in names if name in by_name), None) or _Person(item.workspace_id)
        person.profile_name = item.sender.name or person.profile_name
        if item.contact_id is not None and person.is_new:
            person.contact_id, person.is_new = item.contact_id, False
        for name in names:
            if name not in by_name:
                by_name[name] = person
                person.names.append(name)
    return by_name
