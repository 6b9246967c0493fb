"""What the demo says of the connections that were cut follows from the ledger and the messages alone."""

from collections import Counter
from typing import Any
from uuid import UUID

from server.cli.demo.cuts import Cuts, resolved, rules, sentences


def message(number: int, *, attempts: int, sent: bool = True) -> dict[str, Any]:
    times = {"sent_at": "2026-01-01T00:00:00Z" if sent else None}
    return {"id": str(UUID(int=number)), "direction": "outbound", "attempts": attempts, "times": times}


def fault(number: int, *, processed: bool) -> dict[str, Any]:
    opaque = f"t1.{UUID(int=number).hex}.1.mac"
    return {"kind": "fault", "processed": processed, "biz_opaque_callback_data": opaque}


def test_connections_of_both_kinds_are_cut_at_the_first_text_to_a_person() -> None:
    people = [f"1202555{place:04}" for place in range(20)]
    planned = rules(people)
    assert Counter(rule["kind"] for rule in planned) == {"drop_after": 8, "drop_before": 4}
    struck = [rule["where"]["recipient"] for rule in planned]
    assert len(set(struck)) == len(struck)  # no rule is left over for a repetition of what another has struck
    assert all(rule["count"] == 1 for rule in planned)


def test_each_cut_connection_is_counted_by_what_became_of_it() -> None:
    ledger = [fault(1, processed=True), fault(2, processed=True), fault(3, processed=False), fault(4, processed=False)]
    shown = [
        message(1, attempts=1),
        message(2, attempts=2),
        message(3, attempts=2),
        message(4, attempts=1, sent=False),
        message(5, attempts=1),
    ]
    assert resolved(ledger, shown) == Cuts(after=2, settled_by_status=1, before=2, sent_again=1, example=UUID(int=3))


def test_nothing_was_cut() -> None:
    cuts = resolved([{"kind": "send", "biz_opaque_callback_data": None}], [message(1, attempts=1)])
    assert cuts == Cuts(after=0, settled_by_status=0, before=0, sent_again=0, example=None)


def test_the_sentences_tell_the_counts() -> None:
    told = " ".join(sentences(Cuts(after=6, settled_by_status=5, before=4, sent_again=3, example=None)))
    assert [number for number in told.split() if number.isdigit()] == ["6", "5", "4", "3"]
