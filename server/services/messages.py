"""Messages: accepting them, showing them, and what happened to them. A replayed or refused request rings nothing."""

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from server.core import telemetry
from server.core.db import Database
from server.core.failpoints import fp
from server.domain.errors import Refused
from server.queue.outbound import OutboundQueue
from server.repositories import message_history as history
from server.repositories.message_history import Row
from server.schemas import cursors
from server.schemas.messages import Accepted, MessageFilter, MessageList, MessageShown, Timeline
from server.schemas.outbound import SendCommand
from server.services import acceptance
from server.services.api_keys import Principal
from server.services.bell import Bell
from server.services.group_commit import GroupCommit
from server.services.message_views import message_shown, state_of
from server.services.submissions import Answer, Receipt, Submission
from server.services.timeline import entries

SEND, BATCH = "POST /v1/messages", "POST /v1/messages/batch"
"""The endpoints that an Idempotency-Key belongs to."""
_TRIES = 3
_SETTINGS = {"lock_timeout": "2000ms", "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
"""How long a request waits for a rival with the same Idempotency-Key. To plan takes longer than to accept a few
messages, so plans are kept; and as one may be made while a table is still empty, it has to go by the keys."""


class _Cursor(NamedTuple):
    of: Literal["messages"]
    below: UUID


class Messages:
    """The messages of all workspaces, one workspace at a time."""

    def __init__(self, db: Database, queue: OutboundQueue) -> None:
        self._db = db
        self._bell = Bell(queue)
        self._commits = GroupCommit(self._commit)

    async def accept(
        self,
        principal: Principal,
        commands: Sequence[SendCommand],
        *,
        idempotency_key: str | None = None,
        endpoint: str = SEND,
    ) -> Receipt:
        """One result a command; what is accepted is committed when this returns, and its number will be rung.

        Raises Refused: idempotency_conflict, idempotency_in_progress. Raises core.db.UNREACHABLE, and then nobody
        knows whether it was committed: the same call with the same key tells.
        """
        submission = Submission(principal.api_key_id, commands, idempotency_key)
        try:
            answer = await self._commits.submit(principal.workspace_id, endpoint, submission)
        except asyncpg.LockNotAvailableError:
            if idempotency_key is None:
                raise
            raise Refused("idempotency_in_progress", retry_after_s=1) from None
        if isinstance(answer, Refused):
            raise answer
        self._announce(commands, answer)
        return answer

    async def get(self, workspace_id: UUID, message_id: UUID) -> MessageShown:
        """Raises Refused("not_found")."""
        async with self._db.transaction(workspace_id) as connection:
            return message_shown(await _found(connection, workspace_id, message_id))

    async def list(
        self, workspace_id: UUID, wanted: MessageFilter, *, cursor: str | None = None, limit: int
    ) -> MessageList:
        """The newest first. Raises Refused("invalid_cursor")."""
        async with self._db.transaction(workspace_id) as connection:
            return await message_page(connection, workspace_id, wanted, cursor=cursor, limit=limit)

    async def timeline(self, workspace_id: UUID, message_id: UUID) -> Timeline:
        """Raises Refused("not_found")."""
        async with self._db.transaction(workspace_id) as connection:
            message = await _found(connection, workspace_id, message_id)
            key_id = message["api_key_id"]
            found = entries(
                message,
                api_key=None if key_id is None else await history.api_key(connection, workspace_id, key_id),
                attempts=await history.attempts(connection, workspace_id, message_id),
                events=await history.events(connection, workspace_id, message_id),
            )
        return Timeline(message_id=message_id, state=state_of(message), data=found)

    async def close(self) -> None:
        """Waits until everything accepted is committed and has been rung."""
        await self._commits.close()
        await self._bell.silence()

    async def _commit(self, workspace_id: UUID, endpoint: str, submissions: Sequence[Submission]) -> Sequence[Answer]:
        """One transaction. A deadlock means that nothing was written, so it is tried again."""
        for tries_left in reversed(range(_TRIES)):
            try:
                async with self._db.hot(workspace_id, settings=_SETTINGS) as connection:
                    answers = await acceptance.accept(connection, workspace_id, submissions, endpoint=endpoint)
                    fp("api.before_commit")
            except asyncpg.DeadlockDetectedError:
                if not tries_left:
                    raise
            else:
                fp("api.committed")
                return answers
        raise AssertionError("the last try returns or raises")

    def _announce(self, commands: Sequence[SendCommand], receipt: Receipt) -> None:
        if receipt.replayed:
            return
        self._bell.ring(receipt.rings)
        types = [
            one.type for one, result in zip(commands, receipt.results, strict=True) if isinstance(result, Accepted)
        ]
        for type_ in {*types}:
            _accepted(type_).inc(types.count(type_))


@cache
def _accepted(type_: str) -> Counter:
    """Finding it anew takes longer than counting."""
    return telemetry.messages_accepted.labels(type_)


async def message_page(
    connection: AsyncConnection, workspace_id: UUID, wanted: MessageFilter, *, cursor: str | None, limit: int
) -> MessageList:
    """The newest first. Raises Refused("invalid_cursor")."""
    below = None if cursor is None else cursors.decode(cursor, _Cursor).below
    found = await history.page(connection, workspace_id, wanted, below=below, limit=limit + 1)
    shown = [message_shown(row) for row in found[:limit]]
    more = cursors.encode(_Cursor("messages", shown[-1].id)) if len(found) > limit else None
    return MessageList(data=shown, next=more)


async def _found(connection: AsyncConnection, workspace_id: UUID, message_id: UUID) -> Row:
    row = await history.find(connection, workspace_id, message_id)
    if row is None:
        raise Refused("not_found")
    return row
