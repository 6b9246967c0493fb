"""Whether what the product shows agrees with what the simulator's ledger says. Pure: two records in, a verdict out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Json = Mapping[str, Any]

_UNDECIDED = ("held", "unknown")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """`accepted`: the ids that the API gave with a 202. `shown`: every message that the API lists.

    `ledger` and `summary` are the simulator's.
    """

    accepted: frozenset[UUID]
    shown: Sequence[Json]
    ledger: Sequence[Json]
    summary: Json


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of messages, and one sentence for each disagreement."""

    accepted: int
    sent: int
    delivered: int
    read: int
    replies: int
    lost: int
    duplicated: int
    held: int
    disagreements: tuple[str, ...]


def judge(evidence: Evidence, *, greetings: int) -> Verdict:
    """`greetings` is how many messages people wrote before anything was sent to them: those are no replies."""
    outbound = {UUID(m["id"]): m for m in evidence.shown if m["direction"] == "outbound"}
    ours = [m for id_, m in outbound.items() if id_ in evidence.accepted]
    sends = sends_by_message(evidence.ledger)
    unprocessed = evidence.accepted - sends.keys()
    unread = evidence.accepted - {UUID(m["id"]) for m in ours if m["times"]["read_at"]}
    stored = Counter(str(m["wamid"]) for m in evidence.shown if m["direction"] == "inbound")
    return Verdict(
        accepted=len(evidence.accepted),
        sent=_reached(ours, "sent_at"),
        delivered=_reached(ours, "delivered_at"),
        read=_reached(ours, "read_at"),
        replies=max(0, stored.total() - greetings),
        lost=len(unprocessed | unread),
        duplicated=sum(count - 1 for id_, count in sends.items() if id_),
        held=sum(m["state"] in _UNDECIDED for m in ours),
        disagreements=(
            *_about(unprocessed, "accepted but never processed by Meta"),
            *_about(unread, "accepted but not read in the end"),
            *_about({id_ for id_, count in sends.items() if count > 1 and id_}, "sent more than once"),
            *_about(sends.keys() - evidence.accepted, "processed by Meta although nobody asked for them"),
            *_about(outbound.keys() - evidence.accepted, "listed by the API although it did not accept them"),
            *_replies(stored, evidence.ledger),
            *_webhooks(evidence.summary),
        ),
    )


def sends_by_message(ledger: Iterable[Json]) -> Counter[UUID | None]:
    """How often each message was processed by Meta; None stands for those that carry no id of ours."""
    return Counter(message_of(entry["biz_opaque_callback_data"]) for entry in ledger if entry["kind"] == "send")


def message_of(opaque_id: str | None) -> UUID | None:
    """The message that an opaque id `t1.<message>.<attempt>.<mac>` names."""
    try:
        return UUID(hex=(opaque_id or "").split(".")[1])
    except (IndexError, ValueError):
        return None


def _reached(messages: Iterable[Json], time: str) -> int:
    return sum(m["times"][time] is not None for m in messages)


def _replies(stored: Counter[str], ledger: Iterable[Json]) -> Iterable[str]:
    written = Counter(entry["wamid"] for entry in ledger if entry["kind"] == "inbound")
    yield from _about((written - stored).keys(), "written by people but not stored")
    yield from _about((stored - written).keys(), "stored though people did not write them, or twice")


def _webhooks(summary: Json) -> Iterable[str]:
    counts = {**summary["statuses"], "inbound": summary["inbound"]}
    for name, count in counts.items():
        missing = count["emitted"] - count["acknowledged"]
        if missing:
            yield f"{missing} webhooks ({name}) were never acknowledged"


def _about(ids: Iterable[object], what: str) -> Iterable[str]:
    found = sorted(str(id_ or "without an id of ours") for id_ in ids)
    if found:
        some = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
        yield f"{len(found)} message{'s' if len(found) > 1 else ''} {what}: {some}"
