"""Whether what the product shows agrees with what the simulator's ledger says. Pure: two records in, a verdict out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from server.cli.demo.received import kind_of

Json = Mapping[str, Any]

ONLY_SENT = ("reaction", "pin")
"""Of these Meta tells that they were sent, and nothing after that (Meta: reaction messages)."""
STATUSES = ("sent", "delivered", "read", "played")
_UNDECIDED = ("held", "unknown")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message was to be: the demo's name of its kind, and Meta's type."""

    kind: str
    type: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """`accepted`: what the API took with a 202, by the ids it gave. `shown`: every message that the API lists.

    `marked`: the wamids that the API said to have marked as read. `files`: what the API gives as the files of messages,
    as SHA-256 in base64 by the ids of the messages. `ledger` and `summary` are the simulator's.
    """

    accepted: Mapping[UUID, Asked]
    shown: Sequence[Json]
    ledger: Sequence[Json]
    summary: Json
    marked: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of messages, also by the kinds that went out and came in, and one sentence for each disagreement."""

    accepted: int
    sent: int
    delivered: int
    read: int
    replies: int
    files: int
    lost: int
    duplicated: int
    held: int
    went_out: Mapping[str, int]
    came_in: Mapping[str, int]
    disagreements: tuple[str, ...]


def judge(evidence: Evidence, *, greetings: int, replies: int) -> Verdict:
    """`greetings` is how many messages people wrote before anything was sent to them: those are no replies.

    `replies` is how many answers they were to give. Who gets something else than was meant answers otherwise.
    """
    accepted = evidence.accepted
    outbound = {UUID(m["id"]): m for m in evidence.shown if m["direction"] == "outbound"}
    inbound = [m for m in evidence.shown if m["direction"] == "inbound"]
    ours = {id_: m for id_, m in outbound.items() if id_ in accepted}
    sends = sends_by_message(evidence.ledger)
    unprocessed = accepted.keys() - sends.keys()
    unread, unsent = _unfinished(accepted, ours)
    answers = max(0, len(inbound) - greetings)
    return Verdict(
        accepted=len(accepted),
        sent=_reached(ours.values(), "sent"),
        delivered=_reached(ours.values(), "delivered"),
        read=_reached(ours.values(), "read"),
        replies=answers,
        files=len(evidence.files),
        lost=len(unprocessed | unread | unsent),
        duplicated=sum(count - 1 for id_, count in sends.items() if id_),
        held=sum(m["state"] in _UNDECIDED for m in ours.values()),
        went_out=Counter(asked.kind for id_, asked in accepted.items() if id_ in sends),
        came_in=_most_first(Counter(map(kind_of, inbound))),
        disagreements=(
            *_about(unprocessed, "accepted but never processed by Meta"),
            *_about(unread, "accepted but not read in the end"),
            *_about(unsent, "accepted but not sent in the end"),
            *_about({id_ for id_, count in sends.items() if count > 1 and id_}, "sent more than once"),
            *_about(sends.keys() - accepted.keys(), "processed by Meta although nobody asked for them"),
            *_about(outbound.keys() - accepted.keys(), "listed by the API although it did not accept them"),
            *_about(_of_other_types(accepted, evidence.ledger), "processed by Meta as of another type"),
            *_statuses(ours, evidence.ledger),
            *_inbound(inbound, evidence.ledger),
            *_answers(answers, replies),
            *_files(inbound, evidence.files),
            *_about(evidence.marked - _receipts(evidence.ledger), "marked as read, and Meta knows nothing of it"),
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


def _unfinished(accepted: Mapping[UUID, Asked], ours: Mapping[UUID, Json]) -> tuple[set[UUID], set[UUID]]:
    """Those that should have been read in the end and are not, and the same of those that are only sent."""
    to_be_sent = {id_ for id_, asked in accepted.items() if asked.type in ONLY_SENT}
    sent, read = (_with_status(ours, name) for name in ("sent", "read"))
    return accepted.keys() - to_be_sent - read, to_be_sent - sent


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _reached(messages: Iterable[Json], status: str) -> int:
    return sum(m["times"][f"{status}_at"] is not None for m in messages)


def _with_status(messages: Mapping[UUID, Json], status: str) -> set[UUID]:
    return {id_ for id_, m in messages.items() if m["times"][f"{status}_at"]}


def _of_other_types(accepted: Mapping[UUID, Asked], ledger: Iterable[Json]) -> set[UUID]:
    processed = [(message_of(e["biz_opaque_callback_data"]), e["type"]) for e in ledger if e["kind"] == "send"]
    return {id_ for id_, type_ in processed if id_ is not None and id_ in accepted and type_ != accepted[id_].type}


def _statuses(ours: Mapping[UUID, Json], ledger: Iterable[Json]) -> Iterable[str]:
    told: dict[str, set[UUID]] = {name: set() for name in STATUSES}
    for entry in ledger:
        id_ = message_of(entry["biz_opaque_callback_data"]) if entry["kind"] == "status" else None
        if id_ is not None and id_ in ours and entry["status"] in told:
            told[entry["status"]].add(id_)
    for name in STATUSES:
        shown = _with_status(ours, name)
        yield from _about(told[name] - shown, f"{name}, says Meta, but not shown so")
        yield from _about(shown - told[name], f"shown as {name} though Meta did not say so")


def _inbound(inbound: Iterable[Json], ledger: Sequence[Json]) -> Iterable[str]:
    stored = Counter(str(m["wamid"]) for m in inbound)
    types = {entry["wamid"]: entry["type"] for entry in ledger if entry["kind"] == "inbound"}
    written = Counter(types.keys())
    yield from _about((written - stored).keys(), "written by people but not stored")
    yield from _about((stored - written).keys(), "stored though people did not write them, or twice")
    others = {m["wamid"] for m in inbound if m["type"] != types.get(m["wamid"], m["type"])}
    yield from _about(others, "stored as of another type than people wrote")


def _answers(came: int, were_to_come: int) -> Iterable[str]:
    if came != were_to_come:
        yield f"{came} answers came, and people were to give {were_to_come}"


def _files(inbound: Iterable[Json], files: Mapping[str, str]) -> Iterable[str]:
    sent = {m["id"]: sent_file(m) for m in inbound if m["file"] is not None}
    yield from _about(sent.keys() - files.keys(), "whose file is not here")
    yield from _about(
        {id_ for id_ in sent.keys() & files.keys() if files[id_] != sent[id_]}, "whose file is another one"
    )


def sent_file(message: Json) -> str | None:
    """The SHA-256, in base64, that Meta told of a message's file."""
    told: str | None = message["content"].get("sha256")
    return told


def _receipts(ledger: Iterable[Json]) -> set[str]:
    return {entry["wamid"] for entry in ledger if entry["kind"] == "receipt"}


def _webhooks(summary: Json) -> Iterable[str]:
    counts = {**summary["statuses"], "inbound": summary["inbound"], "notices": summary["notices"]}
    for name, count in counts.items():
        missing = count["emitted"] - count["acknowledged"]
        if missing:
            yield f"{missing} webhooks ({name}) were never acknowledged"


def _about(ids: Iterable[object], what: str) -> Iterable[str]:
    found = sorted(str(id_ or "without an id of ours") for id_ in ids)
    if found:
        some = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
        yield f"{len(found)} message{'s' if len(found) > 1 else ''} {what}: {some}"
