"""What changes of webhooks do: routes their events to our numbers and applies them set-wise, in one transaction.

Called by the webhook service with the changes of many bodies, or of one. What cannot be applied comes back as failures
to be noted; nothing is raised for what a body holds, except by the database.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from server.core import telemetry
from server.repositories import events as feed
from server.repositories import webhooks as rows
from server.repositories.webhooks import FailureRow
from server.schemas.events import Change, Event, MessageReceived, StatusChanged, Unreadable, Unrecognised
from server.services import inbound, statuses
from server.services.inbound import Received
from server.services.statuses import Routed
from server.whatsapp.opaque_id import OpaqueIds

if TYPE_CHECKING:
    from server.core.db import Connection

DEAD, PARKED, UNRECOGNISED = "dead", "parked", "unrecognised"
_RANK = {DEAD: 0, PARKED: 1, UNRECOGNISED: 2}
_REASON_MAX = 300


@dataclass(frozen=True, slots=True)
class Arrived:
    """A change, the body that it came in, and when."""

    inbox_id: UUID
    received_at: datetime
    change: Change

    def apart(self) -> list["Arrived"]:
        """The same, an event each."""
        return [replace(self, change=replace(self.change, events=(event,))) for event in self.change.events]

    def failed(self, kind: str, error: str, meta_phone_number_id: str | None = None) -> FailureRow:
        """What is to be noted about this change."""
        return FailureRow(self.inbox_id, self.change.index, kind, error[:_REASON_MAX], meta_phone_number_id)


@dataclass(slots=True)
class _Sorted:
    """Events by what is done with them."""

    statuses: list[Routed] = field(default_factory=list)
    messages: list[Received] = field(default_factory=list)
    failures: list[FailureRow] = field(default_factory=list)


async def apply(connection: "Connection", arrived: Sequence[Arrived], opaque_ids: OpaqueIds) -> list[FailureRow]:
    """Statuses first, so that outbox rows are locked before anything else. Raises asyncpg.PostgresError."""
    numbers = await rows.numbers(connection, sorted({number for item in arrived for number in _numbers(item.change)}))
    found = _Sorted()
    for item in arrived:
        for event in item.change.events:
            _sort(event, item, numbers, found)
    news = await statuses.apply(connection, found.statuses, opaque_ids)
    news += await inbound.apply(connection, found.messages)
    await feed.append(connection, news)
    return strongest(found.failures)


def strongest(failures: Iterable[FailureRow]) -> list[FailureRow]:
    """One a change: what most needs somebody's attention."""
    kept: dict[tuple[UUID, int], FailureRow] = {}
    for failure in failures:
        key = failure.inbox_id, failure.change_index
        if key not in kept or _RANK[failure.kind] < _RANK[kept[key].kind]:
            kept[key] = failure
    return list(kept.values())


def count(arrived: Sequence[Arrived], failures: Sequence[FailureRow]) -> None:
    """Tells the metrics, after the commit."""
    kinds = Counter(failure.kind for failure in failures)
    kinds["applied"] = len(arrived) - len(failures)
    for kind, changes in kinds.items():
        telemetry.webhooks_applied.labels(kind).inc(max(changes, 0))


def _numbers(change: Change) -> Iterable[str]:
    return (event.meta_phone_number_id for event in change.events if isinstance(event, MessageReceived | StatusChanged))


def _sort(event: Event, item: Arrived, numbers: dict[str, tuple[UUID, UUID]], found: _Sorted) -> None:
    match event:
        case Unreadable():
            found.failures.append(item.failed(DEAD, event.reason))
        case Unrecognised():
            reason = f"{event.field}: {event.reason}" if event.field else event.reason
            found.failures.append(item.failed(UNRECOGNISED, reason, event.meta_phone_number_id))
        case _ if event.meta_phone_number_id not in numbers:
            reason = "the number is not connected to any workspace"
            found.failures.append(item.failed(PARKED, reason, event.meta_phone_number_id))
        case StatusChanged():
            found.statuses.append(Routed(*numbers[event.meta_phone_number_id], event))
        case MessageReceived():
            found.messages.append(Received(*numbers[event.meta_phone_number_id], event, item.received_at))
