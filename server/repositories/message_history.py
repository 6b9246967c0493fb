"""Reading messages: one, a page of them, and everything that is kept about one. Nothing is written here."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain import lifecycle
from server.domain.enums import Direction, MessageState
from server.models.contacts import ContactIdentity, Conversation
from server.models.events import Event
from server.models.media import InboundMedium
from server.models.messages import Message, MessageAttempt, Outbox
from server.models.workspaces import ApiKey
from server.schemas.messages import MessageFilter

_SHOWN = [column for column in Message.__table__.columns if column.name != "workspace_id"]


Row = dict[str, Any]


async def page(
    connection: AsyncConnection, workspace_id: UUID, wanted: MessageFilter, *, below: UUID | None, limit: int
) -> list[Row]:
    """The newest first, from below an id: the columns of messages, dispatch state and the number of attempts."""
    query = _messages(workspace_id)
    for column, value in (
        (Message.conversation_id, wanted.conversation_id),
        (Message.contact_id, wanted.contact_id),
        (Message.type, wanted.type),
        (Message.phone_number_id, wanted.sender),
        (Message.direction, wanted.direction if wanted.sender is None else Direction.OUTBOUND),
        (Message.client_reference, wanted.client_reference),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.state is not None:
        query = query.where(shown_state() == wanted.state)
    # Ids begin with the millisecond of their making, and the primary key knows their order.
    if wanted.after is not None:
        query = query.where(Message.id >= func.uuid_floor(wanted.after))
    if wanted.before is not None:
        query = query.where(Message.id < func.uuid_floor(wanted.before))
    if below is not None:
        query = query.where(Message.id < below)
    return await _all(connection, query.order_by(Message.id.desc()).limit(limit))


async def find(connection: AsyncConnection, workspace_id: UUID, message_id: UUID) -> Row | None:
    """One message, with the same columns as a page's."""
    return await _one(connection, _messages(workspace_id).where(Message.id == message_id))


async def attempts(connection: AsyncConnection, workspace_id: UUID, message_id: UUID) -> list[Row]:
    """Every HTTP try, the first one first."""
    columns = [
        column for column in MessageAttempt.__table__.columns if column.name not in ("workspace_id", "message_id")
    ]
    query = select(*columns).where(MessageAttempt.workspace_id == workspace_id, MessageAttempt.message_id == message_id)
    return await _all(connection, query.order_by(MessageAttempt.attempt))


async def events(connection: AsyncConnection, workspace_id: UUID, message_id: UUID) -> list[Row]:
    """What the feed says about it, in order."""
    query = select(Event.id, Event.type, Event.data, Event.created_at).where(
        Event.workspace_id == workspace_id, Event.subject_id == message_id
    )
    return await _all(connection, query.order_by(Event.id))


async def api_key(connection: AsyncConnection, workspace_id: UUID, api_key_id: UUID) -> Row | None:
    """The public part and the name of the key that a message was sent with."""
    query = select(ApiKey.id, ApiKey.key_id, ApiKey.name).where(
        ApiKey.workspace_id == workspace_id, ApiKey.id == api_key_id
    )
    return await _one(connection, query)


async def conversation_exists(connection: AsyncConnection, workspace_id: UUID, conversation_id: UUID) -> bool:
    """Whether this workspace has that conversation."""
    query = select(Conversation.id).where(Conversation.workspace_id == workspace_id, Conversation.id == conversation_id)
    return (await connection.execute(query)).first() is not None


def _messages(workspace_id: UUID) -> Select[Any]:
    attempted = (
        select(func.count())
        .where(MessageAttempt.workspace_id == Message.workspace_id, MessageAttempt.message_id == Message.id)
        .scalar_subquery()
    )
    return (
        select(
            *_SHOWN,
            Outbox.state.label("dispatch_state"),
            Outbox.state_since,
            Outbox.due_at,
            Outbox.wait_reason,
            attempted.label("attempts"),
            _address().label("address"),
            InboundMedium.state.label("file_state"),
            InboundMedium.media_id.label("file_media_id"),
            InboundMedium.error.label("file_error"),
        )
        .outerjoin(Outbox, and_(Outbox.workspace_id == Message.workspace_id, Outbox.message_id == Message.id))
        .outerjoin(
            InboundMedium,
            and_(InboundMedium.workspace_id == Message.workspace_id, InboundMedium.message_id == Message.id),
        )
        .where(Message.workspace_id == workspace_id)
    )


def shown_state() -> ColumnElement[str]:
    """`lifecycle.shown_state`, as PostgreSQL computes it from a message and its outbox row."""

    def known(order: Sequence[tuple[str, MessageState]]) -> list[tuple[ColumnElement[bool], str]]:
        return [(getattr(Message, fact).is_not(None), state.value) for fact, state in order]

    return case(
        (Message.direction == Direction.INBOUND, MessageState.RECEIVED.value),
        *known(lifecycle.FACTS_FIRST),
        (Outbox.state.is_not(None), Outbox.state),
        *known(lifecycle.ENDED_BEFORE_META),
    )


def _address() -> ColumnElement[str | None]:
    """Who wrote an inbound message: the phone number if it is known, else the business-scoped id."""
    kind = ContactIdentity.kind
    written = case((kind.in_(("wa_id", "phone")), "+" + ContactIdentity.value), else_=ContactIdentity.value)
    preference = case((kind == "wa_id", 0), (kind == "phone", 1), (kind == "bsuid", 2), else_=3)
    address = (
        select(written)
        .where(ContactIdentity.workspace_id == Message.workspace_id, ContactIdentity.contact_id == Message.contact_id)
        .order_by(preference, ContactIdentity.first_seen_at)
        .limit(1)
        .scalar_subquery()
    )
    return case((Message.direction == Direction.INBOUND, address))


async def _all(connection: AsyncConnection, query: Executable) -> list[Row]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _one(connection: AsyncConnection, query: Executable) -> Row | None:
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)
