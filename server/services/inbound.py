"""Applies what people wrote to our numbers. Called by the webhook service inside its transaction.

The dedupe key is written first; only what was new goes on to contacts, conversations, messages and events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.core.ids import new_id
from server.repositories import inbound as rows
from server.repositories import wamids
from server.repositories.events import NewEvent
from server.repositories.inbound import InboundRow, Pair, Word
from server.repositories.wamids import Name, Named
from server.schemas.events import MessageReceived
from server.services.senders import contacts_of

if TYPE_CHECKING:
    from server.core.db import Connection

NOT_BY_A_PERSON = frozenset({"system"})
"""Types that WhatsApp writes itself; they open no service window."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message to one of our numbers, and when its webhook came."""

    workspace_id: UUID
    number_id: UUID
    message: MessageReceived
    arrived_at: datetime

    @property
    def name(self) -> Name:
        return self.number_id, self.message.wamid

    @property
    def person_at(self) -> datetime | None:
        """When a person wrote, never in the future: a wrong time must not hold the window open."""
        return None if self.message.type in NOT_BY_A_PERSON else min(self.message.at, self.arrived_at)


async def apply(connection: "Connection", received: Sequence[Received]) -> list[NewEvent]:
    """Returns an event for each message that was not known. Raises asyncpg.PostgresError."""
    if not received:
        return []
    first: dict[Name, Received] = {}
    for item in received:
        first.setdefault(item.name, item)
    ids = {name: new_id() for name in first}
    new = await wamids.learn(connection, [Named(*name, first[name].workspace_id, ids[name]) for name in first])
    news = [(ids[name], item) for name, item in first.items() if name in new]
    if not news:
        return []
    contacts = await contacts_of(connection, [(item.workspace_id, item.message.sender) for _, item in news])
    pairs = [(item.workspace_id, item.number_id, contact) for (_, item), contact in zip(news, contacts, strict=True)]
    conversations = await rows.hear(connection, _words(news, pairs))
    messages = [_row(key, item, pair, conversations[pair]) for (key, item), pair in zip(news, pairs, strict=True)]
    await rows.add_messages(connection, messages)
    await rows.rename_contacts(connection, _names(news, pairs))
    return [_event(row, item) for row, (_, item) in zip(messages, news, strict=True)]


def _words(news: Sequence[tuple[UUID, Received]], pairs: Sequence[Pair]) -> list[Word]:
    """One a pair: the last of what was said."""
    words: dict[Pair, Word] = {}
    for (_, item), pair in zip(news, pairs, strict=True):
        at = min(item.message.at, item.arrived_at)
        before = words.get(pair)
        if before is None:
            words[pair] = Word(pair, new_id(), item.person_at, at)
        else:
            persons = [moment for moment in (before.person_at, item.person_at) if moment is not None]
            words[pair] = Word(pair, before.id, max(persons, default=None), max(before.at, at))
    return list(words.values())


def _row(message_id: UUID, item: Received, pair: Pair, conversation_id: UUID) -> InboundRow:
    message = item.message
    return InboundRow(
        pair=pair,
        id=message_id,
        conversation_id=conversation_id,
        type=message.type,
        content=message.content,
        wamid=message.wamid,
        at=message.at,
    )


def _names(news: Sequence[tuple[UUID, Received]], pairs: Sequence[Pair]) -> list[tuple[UUID, UUID, str]]:
    """The name that each person wrote under last."""
    latest: dict[UUID, tuple[datetime, UUID, str]] = {}
    for (_, item), (workspace_id, _number, contact_id) in zip(news, pairs, strict=True):
        name, at = item.message.sender.name, item.message.at
        if name is not None and (contact_id not in latest or latest[contact_id][0] <= at):
            latest[contact_id] = (at, workspace_id, name)
    return [(workspace_id, contact_id, name) for contact_id, (_, workspace_id, name) in latest.items()]


def _event(row: InboundRow, item: Received) -> NewEvent:
    workspace_id, number_id, contact_id = row.pair
    sender = item.message.sender
    data: dict[str, Any] = {
        "message_id": row.id,
        "wamid": row.wamid,
        "phone_number_id": number_id,
        "conversation_id": row.conversation_id,
        "contact": {"id": contact_id, "name": sender.name, "wa_id": sender.wa_id, "bsuid": sender.bsuid},
        "at": row.at,
        "type": row.type,
        "content": row.content,
        "reply_to": item.message.reply_to,
    }
    return NewEvent(workspace_id, "message.received", row.id, data)
