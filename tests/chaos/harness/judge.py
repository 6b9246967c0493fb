"""Holds what the product shows and stores against the simulator's ledger, after faults have ended and all has drained.

The ledger is judged by the simulator's checker. On top: invariants of the rows, the tenant's events, and the one
excuse that a second send of a message can have.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from simulator.checker import Observed, SeenMessage, Verdict, check, message_key
from tests.chaos.harness.customer import Text
from tests.chaos.harness.product import WINDOW_S
from tests.chaos.harness.rows import Rows
from tests.integration.invariants import broken

Json = dict[str, Any]
_ONCE = ("message.accepted", "message.sent", "message.delivered", "message.read", "message.failed", "message.received")
_FACTS = {"sent_at": "message.sent", "delivered_at": "message.delivered", "read_at": "message.read"}
_ATTEMPT = re.compile(r"t1\.[0-9a-f]{32}\.([0-9]+)\.")


@dataclass(frozen=True)
class Judgement:
    """`messages`: what the API shows of each outbound message. `sends`: the attempts that Meta processed, by message.

    `excused`: messages of policy `retry` that Meta processed twice because no status came within the window.
    """

    seed: int
    verdict: Verdict
    messages: Mapping[str, Json]
    sends: Mapping[str, list[int]]
    excused: frozenset[str]
    complaints: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong, a line each."""
        found = {name: dict.fromkeys(ids) for name, ids in self.verdict.findings()}
        for excused in self.excused:
            found["duplicated"].pop(excused)
        lines = [f"{name}: {', '.join(ids)}" for name, ids in found.items() if ids]
        return [*lines, *(f"{id_}: {why}" for id_, why in self.verdict.reasons.items()), *self.complaints]

    def assert_clean(self) -> None:
        assert not self.faults, "\n".join([f"seed {self.seed}", *self.faults, str(self.verdict.states)])

    def of(self, text: Text) -> Json:
        """What the API shows of this text's message."""
        return next(message for message in self.messages.values() if message["client_reference"] == text.body)

    def in_state(self, state: str) -> list[Json]:
        return [message for message in self.messages.values() if message["state"] == state]


@dataclass(frozen=True)
class Evidence:
    """`ledger`: the simulator's entries. `shown`: what the API lists. `accepted`: the ids of the customer's 202s.

    `events`: message, type and Unix time of each entry of the tenant's feed. `broken`: invariants that do not hold.
    """

    ledger: Sequence[Json]
    shown: Sequence[Json]
    accepted: frozenset[str]
    events: Sequence[tuple[str, str, float]]
    broken: Mapping[str, list[str]]


async def look(
    rows: Rows, workspace_id: UUID, *, ledger: Sequence[Json], shown: Sequence[Json], accepted: frozenset[str]
) -> Evidence:
    """Adds what only the product's rows tell."""
    events = await rows.fetch(
        "SELECT subject_id::text, type, extract(epoch FROM created_at)::float8 FROM events WHERE workspace_id = $1",
        workspace_id,
    )
    return Evidence(
        ledger, shown, accepted, [(row[0], row[1], row[2]) for row in events], await broken(await rows.connection())
    )


def judge(evidence: Evidence, *, seed: int) -> Judgement:
    """Pure. For the time after all faults have ended and all has drained."""
    outbound = {message["id"]: message for message in evidence.shown if message["direction"] == "outbound"}
    ids = sorted(evidence.accepted | outbound.keys())
    observed = Observed(
        messages=[_seen(id_, outbound.get(id_), accepted=id_ in evidence.accepted) for id_ in ids],
        inbound=[message["wamid"] for message in evidence.shown if message["direction"] == "inbound"],
    )
    verdict = check(evidence.ledger, observed)
    told = _first_acknowledged(evidence.ledger)
    complaints = [
        *(f"{sentence}: {', '.join(ids)}" for sentence, ids in evidence.broken.items()),
        *(f"{id_}: the API lists it, but nobody asked for it" for id_ in sorted(outbound.keys() - evidence.accepted)),
        *(
            f"{id_}: held, although a status of it was taken in"
            for id_, message in outbound.items()
            if message["state"] == "held" and id_ in told
        ),
        *_about_events(evidence.shown, Counter((id_, type_) for id_, type_, _ in evidence.events)),
    ]
    unknown_at = {id_: at for id_, type_, at in evidence.events if type_ == "message.unknown"}
    excused = frozenset(_excused(verdict, told, outbound, unknown_at))
    return Judgement(seed, verdict, outbound, _sends(evidence.ledger), excused, tuple(complaints))


def _seen(id_: str, message: Json | None, *, accepted: bool) -> SeenMessage:
    if message is None:
        return SeenMessage(id=id_, accepted=accepted)
    return SeenMessage(id=id_, accepted=accepted, state=message["state"], attempts=message["attempts"])


def _sends(ledger: Sequence[Json]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for entry in ledger:
        if entry["kind"] == "send" and (key := message_key(entry)):
            found.setdefault(key, []).append(_attempt(entry))
    return found


def _attempt(entry: Json) -> int:
    found = _ATTEMPT.match(entry["biz_opaque_callback_data"])
    assert found, "an opaque id without an attempt"
    return int(found[1])


def _about_events(shown: Sequence[Json], events: Mapping[tuple[str, str], int]) -> list[str]:
    """Each fact that is shown was told once, and nothing else was."""
    twice = [f"{id_}: {count} events {type_}" for (id_, type_), count in events.items() if count > 1 and type_ in _ONCE]
    expected = {(m["id"], type_) for m in shown for fact, type_ in _FACTS.items() if m["times"][fact]}
    expected |= {(message["id"], "message.received") for message in shown if message["direction"] == "inbound"}
    told = {key for key in events if key[1] in (*_FACTS.values(), "message.received")}
    return [
        *twice,
        *(f"{id_}: no event {type_}" for id_, type_ in sorted(expected - told)),
        *(f"{id_}: an event {type_} without its fact" for id_, type_ in sorted(told - expected)),
    ]


def _excused(
    verdict: Verdict, told: Mapping[str, float], shown: Mapping[str, Json], unknown_at: Mapping[str, float]
) -> list[str]:
    """Sent twice, as asked for: policy `retry`, and no status of it was taken in before its window had passed."""
    return [
        id_
        for id_, times in verdict.duplicated.items()
        if id_ in shown
        and times == 2
        and shown[id_]["on_ambiguous"] == "retry"
        and id_ in unknown_at
        and told.get(id_, float("inf")) > unknown_at[id_] + WINDOW_S
    ]


def _first_acknowledged(ledger: Sequence[Json]) -> dict[str, float]:
    """When the first status of each message was answered with 200."""
    subject = {entry["seq"]: message_key(entry) for entry in ledger if entry["kind"] == "status"}
    told: dict[str, float] = {}
    for entry in ledger:
        if entry["kind"] == "webhook" and entry["http"] == 200:
            for seq in entry["updates"]:
                if key := subject.get(seq):
                    told.setdefault(key, entry["at"])
    return told
