"""Meta's ids of messages: the dedupe key of what comes in, and the way from a status to its message."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

Name = tuple[UUID, str]
"""(number, wamid)."""


class Named(Struct, frozen=True):
    """A message and Meta's id of it."""

    number_id: UUID
    wamid: str
    workspace_id: UUID
    message_id: UUID


async def learn(connection: "Connection", named: Sequence[Named]) -> set[Name]:
    """Returns the names that were not known before; no name twice. Waits for rivals that learn the same."""
    if not named:
        return set()
    ordered = sorted(named, key=lambda item: (item.number_id, item.wamid))
    rows = await connection.fetch(
        load("learn_wamids"),
        [item.number_id for item in ordered],
        [item.wamid for item in ordered],
        [item.workspace_id for item in ordered],
        [item.message_id for item in ordered],
    )
    return {(row["phone_number_id"], row["wamid"]) for row in rows}
