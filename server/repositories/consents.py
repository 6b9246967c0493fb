"""What people agreed to. Rows are only added; the last one of a contact and a kind counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A person's word. `source`: how it was said; `number_id`: to which number, if to one."""

    workspace_id: UUID
    id: UUID
    contact_id: UUID
    kind: str
    state: str
    source: str
    number_id: UUID | None
    at: datetime


async def append(connection: "Connection", consents: Sequence[ConsentRow]) -> None:
    if not consents:
        return
    await connection.execute(
        load("append_consents"),
        [row.workspace_id for row in consents],
        [row.id for row in consents],
        [row.contact_id for row in consents],
        [row.kind for row in consents],
        [row.state for row in consents],
        [row.source for row in consents],
        [row.number_id for row in consents],
        [row.at for row in consents],
    )
