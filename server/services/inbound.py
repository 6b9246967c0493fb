"""Applies messages that webhooks tell: what people wrote, and what the business wrote past us. Called by the effects.

The dedupe key is written first; only what was new goes on to contacts, conversations, messages, files and events. The
effects find the contacts between the two steps, with everybody else whom a batch names.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import Struct

from server.core.ids import new_id
from server.domain.identity import phone_digits
from server.domain.lifecycle import STATUS_FACTS, Facts
from server.repositories import inbound as rows
from server.repositories import wamids
from server.repositories.events import NewEvent
from server.repositories.inbound import FileRow, InboundRow, Pair, Word
from server.repositories.wamids import Name, Named
from server.schemas.events import Message, MessageEchoed, MessageReceived, Sender
from server.services.people import Met
from server.whatsapp.files import file_of

if TYPE_CHECKING:
    from server.core.db import Connection

NOT_BY_A_PERSON = frozenset({"system"})
"""Types that WhatsApp writes itself; they open no service window."""
PLACEHOLDER = "media_placeholder"
"""The type of a message of a history whose file is told later, under the same wamid."""


class Received(Struct, frozen=True):
    """A message of one of our numbers, and when its webhook came."""

    workspace_id: UUID
    number_id: UUID
    message: Message
    arrived_at: datetime

    @property
    def name(self) -> Name:
        return self.number_id, self.message.wamid

    @property
    def met(self) -> Met:
        became = self.message.became if isinstance(self.message, MessageReceived) else None
        return Met(self.workspace_id, self.message.sender, became, self.at)

    @property
    def is_of_person(self) -> bool:
        return not isinstance(self.message, MessageEchoed) or not self.message.by_business

    @property
    def at(self) -> datetime:
        """Never in the future: a wrong time must not hold the window open, nor lead the list for ever."""
        return min(self.message.at, self.arrived_at)

    @property
    def person_at(self) -> datetime | None:
        """When a person wrote."""
        return self.at if self.is_of_person and self.message.type not in NOT_BY_A_PERSON else None


class New(Struct, frozen=True):
    """A message that was not known, under its id."""

    id: UUID
    received: Received


async def fill_placeholders(connection: "Connection", received: Sequence[Received]) -> None:
    """The files of histories that came before them. Raises asyncpg.PostgresError."""
    later = [item for item in received if _may_fill(item)]
    late = [(*item.name, item.message.type, _content(item)) for item in later]
    filled = await rows.fill_placeholders(connection, late)
    files = [_file(*filled[item.name], item) for item in later if item.name in filled]
    await rows.owe_files(connection, [file for file in files if file])


async def learn(connection: "Connection", received: Sequence[Received]) -> list[New]:
    """Those that were not known, each once; from now on they are. Raises asyncpg.PostgresError."""
    first: dict[Name, Received] = {}
    for item in received:
        before = first.setdefault(item.name, item)
        if before.message.type == PLACEHOLDER:
            first[item.name] = item
    ids = {name: new_id() for name in first}
    new = await wamids.learn(connection, [Named(*name, first[name].workspace_id, ids[name]) for name in first])
    return [New(ids[name], item) for name, item in first.items() if name in new]


async def store(
    connection: "Connection", news: Sequence[New], contacts: Sequence[UUID], words: Sequence[Word]
) -> list[NewEvent]:
    """Writes new messages of their contacts, and what conversations learn besides. Returns an event for each message.

    Of a history there are none: it is told as a whole. Raises asyncpg.PostgresError.
    """
    pairs = [
        (item.received.workspace_id, item.received.number_id, contact)
        for item, contact in zip(news, contacts, strict=True)
    ]
    heard = _words(news, pairs, words)
    if not heard:
        return []
    conversations = await rows.hear(connection, heard)
    messages = [_row(item, pair, conversations[pair]) for item, pair in zip(news, pairs, strict=True)]
    await rows.add_messages(connection, messages)
    files = [_file(item.received.workspace_id, item.id, item.received) for item in news]
    await rows.owe_files(connection, [file for file in files if file])
    await rows.rename_contacts(connection, _names(news, pairs))
    return [event for row, item in zip(messages, news, strict=True) for event in _events(row, item.received)]


def _may_fill(item: Received) -> bool:
    message = item.message
    return isinstance(message, MessageEchoed) and message.source == "history" and message.type != PLACEHOLDER


def _words(news: Sequence[New], pairs: Sequence[Pair], besides: Sequence[Word]) -> list[Word]:
    """One a pair: the last of what was said."""
    words: dict[Pair, Word] = {}
    for item, pair in zip(news, pairs, strict=True):
        word = Word(pair, new_id(), item.received.person_at, item.received.at)
        words[pair] = _later(words[pair], word) if pair in words else word
    for word in besides:
        before = words.get(word.pair)
        words[word.pair] = word if before is None else _later(before, word)
    return list(words.values())


def _later(one: Word, other: Word) -> Word:
    return Word(
        one.pair,
        one.id,
        _last(one.person_at, other.person_at),
        _last(one.at, other.at),
        _last(one.free_entry_until, other.free_entry_until),
    )


def _last(*moments: datetime | None) -> datetime | None:
    return max(filter(None, moments), default=None)


def _row(item: New, pair: Pair, conversation_id: UUID) -> InboundRow:
    message = item.received.message
    return InboundRow(
        pair=pair,
        id=item.id,
        conversation_id=conversation_id,
        type=message.type,
        content=_content(item.received),
        recipient=None if item.received.is_of_person else _written(message.sender),
        wamid=message.wamid,
        at=message.at,
        source=message.source if isinstance(message, MessageEchoed) else None,
        facts=None if item.received.is_of_person else _facts(message),
    )


def _content(item: Received) -> dict[str, Any]:
    """Of what the business wrote in the form of a command, as all outbound messages are kept."""
    if item.is_of_person:
        return item.message.content
    return {"type": item.message.type, item.message.type: item.message.content, "reply_to": item.message.reply_to}


def _written(sender: Sender) -> str | None:
    phone = sender.phone or (phone_digits(sender.wa_id) if sender.wa_id else None)
    return f"+{phone}" if phone else sender.wa_id or sender.bsuid


def _facts(message: Message) -> Facts:
    """What the business wrote elsewhere was sent when it was written; what became of it Meta tells without a time."""
    facts = {"sent_at": message.at}
    if isinstance(message, MessageEchoed) and message.status is not None:
        facts[STATUS_FACTS[message.status]] = message.at
    return Facts(**facts)


def _file(workspace_id: UUID, message_id: UUID, item: Received) -> FileRow | None:
    """The file that a message carries, if it does."""
    file = file_of(item.message.type, item.message.content)
    if file is None:
        return None
    return FileRow(
        workspace_id, message_id, item.number_id, file.meta_media_id, file.mime_type, file.sha256, file.filename
    )


def _names(news: Sequence[New], pairs: Sequence[Pair]) -> list[tuple[UUID, UUID, str]]:
    """The name that each person wrote under last."""
    latest: dict[UUID, tuple[datetime, UUID, str]] = {}
    for item, (workspace_id, _number, contact_id) in zip(news, pairs, strict=True):
        name, at = item.received.message.sender.name, item.received.message.at
        if name is not None and (contact_id not in latest or latest[contact_id][0] <= at):
            latest[contact_id] = (at, workspace_id, name)
    return [(workspace_id, contact_id, name) for contact_id, (_, workspace_id, name) in latest.items()]


def _events(row: InboundRow, item: Received) -> Iterator[NewEvent]:
    message = item.message
    if isinstance(message, MessageEchoed) and message.source == "history":
        return
    workspace_id, number_id, contact_id = row.pair
    data: dict[str, Any] = {
        "message_id": row.id,
        "wamid": row.wamid,
        "phone_number_id": number_id,
        "conversation_id": row.conversation_id,
        "contact": contact_data(contact_id, message.sender),
        "at": row.at,
        "type": row.type,
        "content": message.content,
        "reply_to": message.reply_to,
    }
    name = "message.received" if isinstance(message, MessageReceived) else "message.echoed"
    yield NewEvent(workspace_id, name, row.id, data)


def contact_data(contact_id: UUID, sender: Sender) -> dict[str, Any]:
    """A person, as events show them."""
    return {"id": contact_id, "name": sender.name, "wa_id": sender.wa_id, "bsuid": sender.bsuid}
