"""The flight recorder: everything that is kept about a message, in the order of time. Pure; stores nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from server.domain.enums import Direction, DispatchState, Lane
from server.schemas.messages import TimelineEntry

Row = Mapping[str, Any]

_KINDS = ("request", "received", "attempt", "status", "event", "wait")
"""The order of entries of the same instant."""
_FACTS = {
    "accepted_at": "Taken by Meta",
    "paced_at": "Held back by Meta for a while",
    "sent_at": "Sent",
    "delivered_at": "Delivered",
    "read_at": "Read",
    "played_at": "Played",
    "failed_at": "Failed",
    "undelivered_at": "Not delivered in time",
    "expired_at": "Expired",
    "cancelled_at": "Cancelled",
}
_WAITS = {
    DispatchState.QUEUED: "Waits for its turn",
    DispatchState.SENDING: "Is being written to Meta",
    DispatchState.UNKNOWN: "Waits to learn whether Meta has it",
    DispatchState.HELD: "Waits for a decision",
}


def entries(
    message: Row, *, api_key: Row | None, attempts: Sequence[Row], events: Sequence[Row]
) -> list[TimelineEntry]:
    """The earliest first. The rows are those of `message_history`."""
    found: list[TimelineEntry] = [
        _beginning(message, api_key),
        *(_attempt(attempt) for attempt in attempts),
        *_facts(message),
        *(_event(event) for event in events),
        *_wait(message),
    ]
    # Meta's statuses come in whole seconds, so they can bear a time before that of their own cause.
    earliest = message["accepted_at"] or message["created_at"]
    return sorted(found, key=lambda entry: (_place(entry, earliest), _KINDS.index(entry.kind)))


def _place(entry: TimelineEntry, earliest: datetime) -> datetime:
    return max(entry.at, earliest) if entry.kind == "status" else entry.at


def _beginning(message: Row, api_key: Row | None) -> TimelineEntry:
    if message["direction"] == Direction.INBOUND:
        return TimelineEntry(
            at=message["received_at"] or message["created_at"],
            kind="received",
            title="Received from Meta",
            data=_present({"wamid": message["wamid"], "stored_at": message["created_at"]}),
        )
    data = {
        "api_key_id": message["api_key_id"],
        "api_key": None if api_key is None else api_key["name"],
        "client_reference": message["client_reference"],
        "lane": Lane(message["lane"]).name.lower() if message["lane"] is not None else None,
        "on_ambiguous": message["on_ambiguous"],
    }
    return TimelineEntry(at=message["created_at"], kind="request", title="Accepted here", data=_present(data))


def _attempt(attempt: Row) -> TimelineEntry:
    values = {name: value for name, value in attempt.items() if name != "started_at"}
    title = f"Attempt {attempt['attempt']}: {attempt['outcome'].replace('_', ' ')}"
    return TimelineEntry(at=attempt["started_at"], kind="attempt", title=title, data=_present(values))


def _facts(message: Row) -> Iterator[TimelineEntry]:
    for name, title in _FACTS.items():
        if message[name] is not None:
            data = {"error": message["error"]} if name == "failed_at" else {}
            yield TimelineEntry(at=message[name], kind="status", title=title, data=_present(data))


def _event(event: Row) -> TimelineEntry:
    data = {**event["data"], "event_id": event["id"]}
    return TimelineEntry(at=event["created_at"], kind="event", title=event["type"], data=data)


def _wait(message: Row) -> Iterable[TimelineEntry]:
    """What it does now, while it is not settled."""
    if message["dispatch_state"] is None:
        return
    state = DispatchState(message["dispatch_state"])
    data = {"state": state, "reason": message["wait_reason"]}
    if state is DispatchState.QUEUED:
        data["due_at"] = message["due_at"]
    yield TimelineEntry(at=message["state_since"], kind="wait", title=_WAITS[state], data=_present(data))


def _present(values: Row) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
