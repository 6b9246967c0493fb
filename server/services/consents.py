"""Writes down what people say about marketing: in a message, in WhatsApp's settings, or by the error that a send met.

Called by the effects inside their transaction. Each word is a row of its own and an event; nothing is overwritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.ids import new_id
from server.domain.consent import ConsentState
from server.repositories import consents as rows
from server.repositories.consents import ConsentRow
from server.repositories.events import NewEvent

if TYPE_CHECKING:
    from server.core.db import Connection

MARKETING = "marketing"
KINDS = {"marketing_messages": MARKETING}
"""Meta's categories of preferences."""
STATES = {"stop": ConsentState.REVOKED, "resume": ConsentState.GRANTED, "signup": ConsentState.GRANTED}
"""Meta's values of preferences."""


@dataclass(frozen=True, slots=True)
class Word:
    """A person said whether they want marketing. `source`: keyword, user_preferences or error_131050."""

    workspace_id: UUID
    number_id: UUID
    contact_id: UUID
    state: ConsentState
    source: str
    at: datetime


async def write(connection: "Connection", words: Sequence[Word]) -> list[NewEvent]:
    """Returns an event for each. Raises asyncpg.PostgresError."""
    await rows.append(
        connection,
        [
            ConsentRow(
                workspace_id=word.workspace_id,
                id=new_id(),
                contact_id=word.contact_id,
                kind=MARKETING,
                state=word.state,
                source=word.source,
                number_id=word.number_id,
                at=word.at,
            )
            for word in words
        ],
    )
    return [_event(word) for word in words]


def _event(word: Word) -> NewEvent:
    data = {
        "contact_id": word.contact_id,
        "phone_number_id": word.number_id,
        "kind": MARKETING,
        "state": word.state,
        "source": word.source,
        "at": word.at,
    }
    return NewEvent(word.workspace_id, "contact.consent_changed", word.contact_id, data)
