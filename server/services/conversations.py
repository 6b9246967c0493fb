"""Conversations: who writes with which number, whether the window is open, and the messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from server.core import clock
from server.core.db import Database
from server.domain import window
from server.domain.errors import Refused
from server.repositories import contacts
from server.repositories import conversations as rows
from server.repositories import message_history as history
from server.repositories.contacts import Identity
from server.repositories.conversations import ConversationRow
from server.schemas import cursors
from server.schemas.conversations import (
    ContactSummary,
    ConversationList,
    ConversationShown,
    IdentityShown,
    LastMessage,
    NumberSummary,
    WindowShown,
)
from server.schemas.messages import MessageFilter, MessageList
from server.services.message_views import preview
from server.services.messages import message_page


class _Cursor(NamedTuple):
    of: Literal["conversations"]
    at: datetime
    id: UUID


class Conversations:
    """The conversations of all workspaces, one workspace at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(self, workspace_id: UUID, *, cursor: str | None = None, limit: int) -> ConversationList:
        """The last active first; one that becomes active meanwhile moves to the front. Raises invalid_cursor."""
        below = None if cursor is None else cursors.decode(cursor, _Cursor)
        async with self._db.hot(workspace_id) as connection:
            found = await rows.page(connection, workspace_id, below=below and (below.at, below.id), limit=limit + 1)
            page = found[:limit]
            names = await contacts.identities(connection, workspace_id, {row.contact_id for row in page})
        at = clock.now()
        shown = [_shown(row, names.get(row.contact_id, ()), at) for row in page]
        return ConversationList(data=shown, next=_end(page[-1]) if len(found) > limit else None)

    async def get(self, workspace_id: UUID, conversation_id: UUID) -> ConversationShown:
        """Raises Refused("not_found")."""
        async with self._db.hot(workspace_id) as connection:
            row = await rows.find(connection, workspace_id, conversation_id)
            if row is None:
                raise Refused("not_found")
            names = await contacts.identities(connection, workspace_id, [row.contact_id])
        return _shown(row, names.get(row.contact_id, ()), clock.now())

    async def messages(
        self, workspace_id: UUID, conversation_id: UUID, *, cursor: str | None = None, limit: int
    ) -> MessageList:
        """Both directions, the newest first. Raises Refused: not_found, invalid_cursor."""
        async with self._db.transaction(workspace_id) as connection:
            if not await history.conversation_exists(connection, workspace_id, conversation_id):
                raise Refused("not_found")
            wanted = MessageFilter(conversation_id=conversation_id)
            return await message_page(connection, workspace_id, wanted, cursor=cursor, limit=limit)


def _end(row: ConversationRow) -> str:
    return cursors.encode(_Cursor("conversations", row.last_message_at, row.id))


def _shown(row: ConversationRow, names: Sequence[Identity], at: datetime) -> ConversationShown:
    return ConversationShown(
        id=row.id,
        number=NumberSummary(
            id=row.number_id,
            phone_number_id=row.phone_number_id,
            display_phone_number=row.display_phone_number,
            verified_name=row.verified_name,
        ),
        contact=ContactSummary(
            id=row.contact_id,
            name=row.contact_name,
            identities=[IdentityShown(kind=name.kind, value=name.value) for name in names],
        ),
        window=WindowShown(
            open=window.is_open(row.last_inbound_at, at), closes_at=window.closes_at(row.last_inbound_at)
        ),
        last_message=None if row.last is None else _last(row.last),
        last_inbound_at=row.last_inbound_at,
        last_message_at=row.last_message_at,
        created_at=row.created_at,
    )


def _last(last: rows.LastMessage) -> LastMessage:
    return LastMessage(
        id=last.id,
        direction=last.direction,
        type=last.type,
        preview=preview(last.direction, last.type, last.content),
        at=last.at,
    )
