"""What changes of webhooks do: routes their events to our numbers and applies them set-wise, in one transaction.

Called by the webhook service with the changes of many bodies, or of one. What cannot be applied comes back as failures
to be noted; nothing is raised for what a body holds, except by the database.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from server.core import telemetry
from server.core.clock import now
from server.domain.consent import ConsentWords
from server.repositories import events as feed
from server.repositories import statuses as status_rows
from server.repositories import webhooks as rows
from server.repositories.events import Appended, NewEvent
from server.repositories.webhooks import FailureRow
from server.schemas.events import (
    Change,
    Event,
    MessageEchoed,
    MessageReceived,
    Place,
    StatusChanged,
    Told,
    Unreadable,
    Unrecognised,
)
from server.services import assets, inbound, people, routing, said, statuses, told
from server.services.congestion import Heard
from server.services.inbound import New, Received
from server.services.routing import Routes, Target
from server.services.statuses import Merged
from server.whatsapp.errors import Throttled
from server.whatsapp.opaque_id import OpaqueIds

if TYPE_CHECKING:
    from server.core.db import Connection

WRITTEN_WITHIN = timedelta(seconds=5)
"""What people wrote before is no matter for the present second; Meta tells its time in whole seconds."""
DEAD, PARKED, UNRECOGNISED = "dead", "parked", "unrecognised"
_RANK = {DEAD: 0, PARKED: 1, UNRECOGNISED: 2}
_REASON_MAX = 300


class Arrived(Struct, frozen=True):
    """A change, the body that it came in, and when."""

    inbox_id: UUID
    received_at: datetime
    change: Change

    def apart(self) -> list["Arrived"]:
        """The same, an event each."""
        return [replace(self, change=replace(self.change, events=(event,))) for event in self.change.events]

    def failed(self, kind: str, error: str, place: Place | None = None) -> FailureRow:
        """What is to be noted about this change."""
        place = place or Place()
        return FailureRow(self.inbox_id, self.change.index, kind, error[:_REASON_MAX], place.number, place.account)


@dataclass(slots=True)
class _Sorted:
    """Events by what is done with them."""

    routed: list[statuses.Routed] = field(default_factory=list)
    messages: list[Received] = field(default_factory=list)
    told: dict[bytes, assets.Routed] = field(default_factory=dict)
    failures: list[FailureRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rules:
    """What applying needs to know besides the webhooks."""

    opaque_ids: OpaqueIds
    words: ConsentWords


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a batch: events that were appended, what is to be noted as not applied, what senders hear."""

    news: list[Appended]
    failures: list[FailureRow]
    heard: Heard


async def apply(connection: "Connection", arrived: Sequence[Arrived], rules: Rules) -> Applied:
    """In the order in which everybody locks: outbox rows before all else. Raises asyncpg.PostgresError."""
    routes = await routing.find(connection, [item.change for item in arrived])
    found = _Sorted()
    for item in arrived:
        for event in item.change.events:
            _sort(event, item, routes, found)
    fresh = await rows.note_applied(connection, sorted(found.told))
    words = [item for key, item in found.told.items() if key in fresh]
    settled = await statuses.settle(connection, found.routed, rules.opaque_ids)
    await assets.learn_limits(connection, words)
    await inbound.fill_placeholders(connection, found.messages)
    merged = await statuses.merge_facts(connection, settled)
    new = await inbound.learn(connection, found.messages)
    news = await _follow(connection, merged, words, new, routes, rules)
    return Applied(news, strongest(found.failures), _heard(new, merged))


async def adopt(connection: "Connection", rules: Rules, *, within_s: float, limit: int) -> int:
    """Applies the statuses whose message has become known since they came. Returns how many."""
    orphans, routed = await statuses.adoptable(connection, within_s=within_s, limit=limit)
    routes = await routing.of_numbers(connection, {item.number_id for item in routed})
    merged = await statuses.merge_facts(connection, await statuses.settle(connection, routed, rules.opaque_ids))
    await _follow(connection, merged, [], [], routes, rules)
    await status_rows.drop_adopted(connection, orphans)
    return len(orphans)


async def _follow(
    connection: "Connection",
    merged: Merged,
    words: Sequence[assets.Routed],
    new: Sequence[New],
    routes: Routes,
    rules: Rules,
) -> list[Appended]:
    """Messages, then people, then what is told of both, then assets, and the events of all that in one statement."""
    named = [item for item in words if said.person_of(item) is not None]
    met = [*(item.received.met for item in new), *(said.met(item) for item in named), *merged.met]
    who = await people.contacts_of(connection, met)
    writers, others = who.contacts[: len(new)], who.contacts[len(new) : len(new) + len(named)]
    news: list[NewEvent] = await inbound.store(connection, new, writers, merged.words)
    wrote, stated = list(zip(new, writers, strict=True)), list(zip(named, others, strict=True))
    news += await said.write(connection, wrote, stated, merged, rules.words)
    await people.tidy_up(connection, met, who)
    failed = [(routes.by_id[item.number_id], item) for item in merged.failed if item.number_id in routes.by_id]
    templates = await assets.apply(connection, words, failed)
    of_person = {item.told.key: contact for item, contact in stated}
    news += [told.event(item, templates, of_person.get(item.told.key)) for item in words]
    return merged.told + await feed.append(connection, news)


def _heard(new: Sequence[New], merged: Merged) -> Heard:
    since = now() - WRITTEN_WITHIN
    written = Counter(item.received.number_id for item in new if (item.received.person_at or since) > since)
    refused = [(item.number_id, item.at, item.outcome) for item in merged.failed if isinstance(item.outcome, Throttled)]
    return Heard(written, refused)


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


def _sort(event: Event, item: Arrived, routes: Routes, found: _Sorted) -> None:
    if isinstance(event, Unreadable):
        found.failures.append(item.failed(DEAD, event.reason))
        return
    if isinstance(event, Unrecognised):
        reason = f"{event.field}: {event.reason}" if event.field else event.reason
        found.failures.append(item.failed(UNRECOGNISED, reason, Place(event.meta_phone_number_id)))
        return
    target = routes.place(event.place) if isinstance(event, Told) else routes.number(event.meta_phone_number_id)
    if target is None:
        place = event.place if isinstance(event, Told) else Place(event.meta_phone_number_id)
        what = "number" if place.number else "account"
        found.failures.append(item.failed(PARKED, f"the {what} is not connected to any workspace", place))
    else:
        _take(event, item, target, found)


def _take(event: Event, item: Arrived, target: Target, found: _Sorted) -> None:
    match event:
        case Told():
            found.told.setdefault(event.key, assets.Routed(target, event, event.at or item.received_at))
        case StatusChanged() if target.number_id is not None:
            found.routed.append(statuses.Routed(target.workspace_id, target.number_id, event))
        case MessageReceived() | MessageEchoed() if target.number_id is not None:
            found.messages.append(Received(target.workspace_id, target.number_id, event, item.received_at))
        case _:
            pass
