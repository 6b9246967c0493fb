"""Messages whose outcome is not known: finding those that are overdue, and writing what was decided.

`services.reconciliation` calls it, in a transaction; outbox rows are locked before messages.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


async def overdue(connection: "Connection", *, older_than_s: float, limit: int) -> list[Record]:
    """Locked: workspace_id, message_id, type, on_ambiguous, client_reference, ambiguous, evidence."""
    return await connection.fetch(load("overdue_unknown"), older_than_s, limit)


async def hold(connection: "Connection", held: Sequence[tuple[Record, str]]) -> None:
    """Locked rows wait for a person, each for its reason."""
    if held:
        await connection.execute(
            load("hold"),
            [row["workspace_id"] for row, _ in held],
            [row["message_id"] for row, _ in held],
            [reason for _, reason in held],
        )


async def retry(connection: "Connection", keys: Sequence[tuple[UUID, UUID]]) -> int:
    """(workspace, message): what is `unknown` or `held` is queued again. How many were."""
    if not keys:
        return 0
    done = await connection.execute(load("retry_unknown"), [key[0] for key in keys], [key[1] for key in keys])
    return int(done.rpartition(" ")[2])


async def settle_by_hand(
    connection: "Connection", workspace_id: UUID, message_id: UUID, *, sent: bool, error: str | None
) -> bool:
    """Whether the message was `unknown` or `held`, and now is not."""
    row = await connection.fetchrow(load("settle_by_hand"), workspace_id, message_id, sent, error)
    return row is not None
