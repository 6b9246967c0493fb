"""The answers that repeated requests get. They are written together with their effect, in `messages.insert`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from server.core.db import Connection

_FIND = """
SELECT request_hash, response FROM idempotency_keys WHERE workspace_id = $1 AND endpoint = $2 AND key = $3
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a key was used for: the hash of the request, and the answer as JSON."""

    request_hash: bytes
    response: str


async def find(connection: "Connection", workspace_id: UUID, *, endpoint: str, key: str) -> Stored | None:
    """The committed row of a key."""
    row = await connection.fetchrow(_FIND, workspace_id, endpoint, key)
    return None if row is None else Stored(row["request_hash"], row["response"])
