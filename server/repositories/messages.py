"""Messages as they are accepted. What happens to them at Meta is written by `dispatch` and by the webhooks' statements.

Functions take an asyncpg connection inside a transaction of the workspace, and work on many messages at once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from server.domain.identity import Recipient
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


class SenderName(msgspec.Struct, frozen=True):
    """How a command names its number: our id, or digits that are Meta's phone_number_id or the number itself."""

    written: str
    id: UUID | None
    digits: str | None


class TemplateName(msgspec.Struct, frozen=True):
    """A template as a command names it."""

    name: str
    language: str


class Asked(msgspec.Struct, frozen=True):
    """A command, as far as it must be looked up. `marketing`: whatever its template is.

    `key` stands with the first command of its request only.
    """

    sender: SenderName
    recipient: Recipient
    template: TemplateName | None
    marketing: bool
    key: str | None


class CommandFacts(msgspec.Struct, frozen=True):
    """What accepting a command must know; None for what does not exist. `at` is the transaction's time.

    `template_components`: JSON, None where they are not known.
    In the order of `resolve_commands.sql`.
    """

    at: datetime
    number_id: UUID | None
    pause_reason: str | None
    throughput_mps: int | None
    contact_id: UUID | None
    conversation_id: UUID | None
    last_inbound_at: datetime | None
    template_category: str | None
    template_status: str | None
    template_components: str | None
    opted_out: bool
    request_hash: bytes | None
    response: str | None


class NewMessage(msgspec.Struct, frozen=True):
    """A message to be written with its outbox row. `key` is the Idempotency-Key of its request."""

    id: UUID
    key: str | None
    api_key_id: UUID
    phone_number_id: UUID
    contact_id: UUID
    conversation_id: UUID
    type: str
    recipient: str
    client_reference: str | None
    lane: int
    on_ambiguous: str
    send_at: datetime | None
    expires_at: datetime | None
    wait_reason: str | None
    media: Sequence[UUID] = ()


class NewKey(msgspec.Struct, frozen=True):
    """An Idempotency-Key to be taken, and the answer that its repetitions get, as JSON."""

    key: str
    request_hash: bytes
    response: str


async def resolve(
    connection: "Connection", workspace_id: UUID, asked: Sequence[Asked], *, endpoint: str
) -> list[CommandFacts]:
    """The facts of each command, in one statement."""
    senders = {command.sender for command in asked}
    rows = await connection.fetch(
        load("resolve_commands"),
        workspace_id,
        endpoint,
        [sender.written for sender in senders],
        [sender.id for sender in senders],
        [sender.digits for sender in senders],
        _once([command.sender.written for command in asked]),
        _once([command.recipient.kind for command in asked]),
        [command.recipient.value for command in asked],
        _trimmed([command.template and command.template.name for command in asked]),
        _trimmed([command.template and command.template.language for command in asked]),
        _once([command.marketing for command in asked]),
        _trimmed([command.key for command in asked]),
    )
    return [CommandFacts(*row) for row in rows]


async def insert(
    connection: "Connection",
    workspace_id: UUID,
    *,
    endpoint: str,
    keys: Sequence[NewKey],
    messages: Sequence[NewMessage],
    contents: str,
) -> set[str]:
    """Writes keys, messages and outbox rows in one statement. Messages of a key that is taken are left out.

    `contents`: a JSON array, one element a message. A message is `scheduled` when it is not to go before later.

    Returns the keys that were free. Waits for rivals with the same key; raises asyncpg.LockNotAvailableError when that
    takes too long.
    """
    places: dict[str | None, int] = {key.key: place for place, key in enumerate(keys, 1)}
    rows = await connection.fetch(
        load("accept_messages"),
        workspace_id,
        endpoint,
        [key.key for key in keys],
        [key.request_hash for key in keys],
        [key.response for key in keys],
        contents,
        [message.id for message in messages],
        [message.contact_id for message in messages],
        [message.conversation_id for message in messages],
        [message.recipient for message in messages],
        _once([places.get(message.key, 0) for message in messages]),
        _once([message.api_key_id for message in messages]),
        _once([message.phone_number_id for message in messages]),
        _once([message.type for message in messages]),
        _once([message.lane for message in messages]),
        _once([message.on_ambiguous for message in messages]),
        _trimmed([message.client_reference for message in messages]),
        _trimmed([message.send_at for message in messages]),
        _trimmed([message.expires_at for message in messages]),
        _trimmed([message.wait_reason for message in messages]),
        _trimmed([_array(message.media) for message in messages]),
        list({message.conversation_id for message in messages}),
    )
    return {row["key"] for row in rows}


def _once(column: list[Any]) -> list[Any]:
    """Without what only repeats its last value, which the statement puts there again: most of a batch is alike."""
    end = len(column)
    while end > 1 and column[end - 2] == column[-1]:
        end -= 1
    return column[:end]


def _trimmed(column: Sequence[Any]) -> Sequence[Any]:
    """Without the NULLs at its end, which unnest puts there again. Most columns have nothing else."""
    end = len(column)
    while end and column[end - 1] is None:
        end -= 1
    return column[:end]


def _array(ids: Sequence[UUID]) -> str | None:
    """The text of an array, as a row of unnest takes no list."""
    return f"{{{','.join(map(str, ids))}}}" if ids else None
