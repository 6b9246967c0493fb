"""What people said about themselves in a batch: their consent, and their new names. Called by the effects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from server.domain.consent import ConsentState, ConsentWords
from server.repositories.events import NewEvent
from server.schemas.events import ContactSynced, MessageReceived, PreferenceStated, Sender, UserIdChanged
from server.services import consents
from server.services.assets import Routed
from server.services.consents import KINDS, STATES, Word
from server.services.inbound import New, contact_data
from server.services.people import Met
from server.services.statuses import Merged
from server.whatsapp.errors import OPTED_OUT

if TYPE_CHECKING:
    from server.core.db import Connection


def person_of(item: Routed) -> Sender | None:
    """The person that a word of Meta's is about."""
    told = item.told
    return told.person if isinstance(told, PreferenceStated | UserIdChanged | ContactSynced) else None


def met(item: Routed) -> Met:
    """The same, for whoever looks for their contact."""
    became = item.told.became if isinstance(item.told, UserIdChanged) else None
    return Met(item.target.workspace_id, person_of(item) or Sender(), became, item.at)


async def write(
    connection: "Connection",
    new: Sequence[tuple[New, UUID]],
    told: Sequence[tuple[Routed, UUID]],
    merged: Merged,
    words: ConsentWords,
) -> list[NewEvent]:
    """Consents are kept; events tell them and the new names. Raises asyncpg.PostgresError."""
    spoken = [*_keywords(new, words), *_preferences(told), *_refused(merged)]
    return [*await consents.write(connection, spoken), *(event for pair in new for event in _renamed(*pair))]


def _keywords(new: Iterable[tuple[New, UUID]], words: ConsentWords) -> Iterator[Word]:
    for item, contact_id in new:
        received, message = item.received, item.received.message
        if not isinstance(message, MessageReceived):
            continue
        state = words.of_message(message.type, message.content)
        if state is not None:
            yield Word(received.workspace_id, received.number_id, contact_id, state, "keyword", message.at)


def _preferences(told: Iterable[tuple[Routed, UUID]]) -> Iterator[Word]:
    for item, contact_id in told:
        stated, number_id = item.told, item.target.number_id
        if not isinstance(stated, PreferenceStated) or number_id is None:
            continue
        state = STATES.get(stated.value)
        if state is not None and stated.category in KINDS:
            yield Word(item.target.workspace_id, number_id, contact_id, state, "user_preferences", item.at)


def _refused(merged: Merged) -> Iterator[Word]:
    for failure in merged.failed:
        if failure.code == OPTED_OUT:
            of = failure.workspace_id, failure.number_id, failure.contact_id
            yield Word(*of, ConsentState.REVOKED, f"error_{OPTED_OUT}", failure.at)


def _renamed(item: New, contact_id: UUID) -> Iterator[NewEvent]:
    message = item.received.message
    if isinstance(message, MessageReceived) and message.became is not None:
        data = {
            "contact": contact_data(contact_id, message.became),
            "previous_wa_id": message.sender.wa_id,
            "previous_bsuid": message.sender.bsuid,
            "message_id": item.id,
            "at": message.at,
        }
        yield NewEvent(item.received.workspace_id, "contact.names_changed", contact_id, data)
