"""Reconciliation: what is done about sends whose outcome nobody knows.

A status that carries our opaque id settles them by itself, in `services.statuses`. Here is what happens when none comes
within the window, and what a person may decide. docs/message-lifecycle.md draws it.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from server.core.db import Database
from server.core.log import get_logger
from server.domain.enums import OnAmbiguous
from server.domain.errors import Refused
from server.domain.reconciliation import Hold, Retry, Unresolved, decide
from server.repositories import events
from server.repositories import reconciliation as rows
from server.services.dispatch import held_event

log = get_logger(__name__)

MESSAGES_A_STEP = 500


class Resolution(StrEnum):
    """What a person decides about a message that is `unknown` or `held`."""

    RETRY = "retry"
    SENT = "sent"
    FAILED = "failed"


class Reconciliation:
    """What the maintenance worker does about overdue messages."""

    def __init__(self, db: Database, *, window_s: float) -> None:
        self._db = db
        self._window_s = window_s

    async def step(self) -> int:
        """Decides about the messages whose window has passed. How many there were."""
        async with self._db.hot() as connection:
            overdue = await rows.overdue(connection, older_than_s=self._window_s, limit=MESSAGES_A_STEP)
            again, held = [], []
            for row in overdue:
                unresolved = Unresolved(
                    row["type"], OnAmbiguous(row["on_ambiguous"]), row["ambiguous"], evidence=row["evidence"]
                )
                match decide(unresolved):
                    case Retry():
                        again.append((row["workspace_id"], row["message_id"]))
                    case Hold(reason):
                        held.append((row, reason))
            await rows.retry(connection, again)
            await rows.hold(connection, held)
            await events.append(connection, [held_event(row, reason) for row, reason in held])
        if overdue:
            log.warning("unknown_messages_decided", retried=len(again), held=len(held))
        return len(overdue)


class Resolutions:
    """What people do about them, one workspace at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def resolve(self, workspace_id: UUID, message_id: UUID, resolution: Resolution) -> None:
        """Ends the doubt by hand. A later status still corrects it. Raises Refused: not_found, not_ambiguous."""
        async with self._db.hot(workspace_id) as connection:
            if resolution is Resolution.RETRY:
                done = await rows.retry(connection, [(workspace_id, message_id)]) == 1
            else:
                done = await rows.settle_by_hand(
                    connection, workspace_id, message_id, sent=resolution is Resolution.SENT, error=_BY_HAND
                )
            if not done:
                raise Refused("not_ambiguous")
            data = {"message_id": message_id, "as": resolution}
            await events.append(connection, [events.NewEvent(workspace_id, "message.resolved", message_id, data)])


_BY_HAND = msgspec.json.encode({"source": "treeex", "code": "resolved_as_failed"}).decode()
