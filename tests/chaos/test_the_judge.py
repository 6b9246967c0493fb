"""The judge itself, with planted histories: what it adds to the simulator's checker, which has tests of its own."""

from dataclasses import replace
from typing import Any

from tests.chaos.harness.judge import Evidence, judge
from tests.chaos.harness.product import WINDOW_S

ID = "01900000-0000-7000-8000-000000000001"
UNKNOWN_AT = 100.0


def entry(seq: int, kind: str, at: float, **more: Any) -> dict[str, Any]:
    return {"seq": seq, "kind": kind, "at": at, **more}


def opaque(attempt: int) -> str:
    return f"t1.{ID.replace('-', '')}.{attempt}.mac"


def send(seq: int, attempt: int) -> dict[str, Any]:
    return entry(seq, "send", 99.0, wamid=f"wamid.{attempt}", biz_opaque_callback_data=opaque(attempt))


def sent_status(seq: int, attempt: int) -> dict[str, Any]:
    wamid = f"wamid.{attempt}"
    return entry(seq, "status", 99.1, wamid=wamid, status="sent", apps=["1"], biz_opaque_callback_data=opaque(attempt))


def acknowledged(seq: int, update: int, at: float) -> dict[str, Any]:
    return entry(seq, "webhook", at, http=200, outcome="acknowledged", updates=[update])


def shown(*, state: str = "sent", attempts: int = 1, on_ambiguous: str = "retry") -> dict[str, Any]:
    times = {"sent_at": "2026-01-01T00:00:00Z" if state == "sent" else None, "delivered_at": None, "read_at": None}
    return {
        "id": ID,
        "direction": "outbound",
        "state": state,
        "attempts": attempts,
        "on_ambiguous": on_ambiguous,
        "times": times,
    }


CLEAN = Evidence(
    ledger=[send(1, 1), sent_status(2, 1), acknowledged(3, 2, 99.2)],
    shown=[shown()],
    accepted=frozenset({ID}),
    events=[(ID, "message.accepted", 99.0), (ID, "message.sent", 99.3)],
    broken={},
)


def faults(evidence: Evidence) -> str:
    return "\n".join(judge(evidence, seed=1).faults)


def sent_twice(*, first_told_at: float, on_ambiguous: str = "retry") -> Evidence:
    return replace(
        CLEAN,
        ledger=[send(1, 1), send(2, 2), sent_status(3, 1), acknowledged(4, 3, first_told_at)],
        shown=[shown(attempts=2, on_ambiguous=on_ambiguous)],
        events=[*CLEAN.events, (ID, "message.unknown", UNKNOWN_AT)],
    )


def test_a_clean_run() -> None:
    assert faults(CLEAN) == ""


def test_a_message_that_nobody_asked_for() -> None:
    assert "nobody asked" in faults(replace(CLEAN, accepted=frozenset()))


def test_events_that_are_missing_or_doubled_or_without_their_fact() -> None:
    assert "no event message.sent" in faults(replace(CLEAN, events=[]))
    assert "2 events message.sent" in faults(replace(CLEAN, events=[*CLEAN.events, CLEAN.events[1]]))
    assert "without its fact" in faults(replace(CLEAN, events=[*CLEAN.events, (ID, "message.read", 99.4)]))


def test_a_message_that_stays_held_although_meta_has_told() -> None:
    assert "held, although" in faults(replace(CLEAN, shown=[shown(state="held")]))


def test_an_invariant_that_is_broken() -> None:
    assert "rows disagree" in faults(replace(CLEAN, broken={"rows disagree": [ID]}))


def test_a_second_send_has_one_excuse() -> None:
    in_time, too_late = UNKNOWN_AT + WINDOW_S - 0.1, UNKNOWN_AT + WINDOW_S + 0.1
    assert faults(sent_twice(first_told_at=too_late)) == ""
    assert "duplicated" in faults(sent_twice(first_told_at=in_time))
    assert "duplicated" in faults(sent_twice(first_told_at=too_late, on_ambiguous="hold"))
    never_unknown = replace(sent_twice(first_told_at=too_late), events=CLEAN.events)
    assert "duplicated" in faults(never_unknown)
