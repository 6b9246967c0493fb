"""What the demo says of the connections that were cut follows from the ledger and the messages alone."""

from collections import Counter
from typing import Any
from uuid import UUID

from server.cli.demo.cuts import Cuts, resolved, rules, sentences


def message(number: int, *, sent: bool = True) -> dict[str, Any]:
    times = {"sent_at": "2026-01-01T00:00:00Z" if sent else None}
    return {"id": str(UUID(int=number)), "direction": "outbound", "times": times}


def opaque(number: int) -> str:
    return f"t1.{UUID(int=number).hex}.1.mac"


def send(number: int) -> dict[str, Any]:
    return {"kind": "send", "biz_opaque_callback_data": opaque(number)}


def fault(number: int, *, processed: bool) -> dict[str, Any]:
    return {"kind": "fault", "processed": processed, "biz_opaque_callback_data": opaque(number)}


def test_connections_of_both_kinds_are_cut_at_the_first_text_to_a_person() -> None:
    people = [f"1202555{place:04}" for place in range(100)]
    planned = rules(people)
    assert Counter(rule["kind"] for rule in planned) == {"drop_after": 8, "drop_before": 4}
    struck = [rule["where"]["recipient"] for rule in planned]
    assert len(set(struck)) == len(struck)  # no rule is left over for a repetition of what another has struck
    assert all(rule["count"] == 1 for rule in planned)


def test_each_cut_connection_is_counted_by_what_became_of_it() -> None:
    after = [fault(1, processed=True), send(1), fault(2, processed=True), send(2), send(2)]
    before = [fault(3, processed=False), send(3), fault(4, processed=False)]
    shown = [message(1), message(2), message(3), message(4, sent=False), message(5)]
    expected = Cuts(after=2, settled_by_status=1, before=2, sent_again=1, example=UUID(int=3))
    assert resolved([*after, *before, send(5)], shown) == expected


def test_nothing_was_cut() -> None:
    cuts = resolved([{"kind": "send", "biz_opaque_callback_data": None}], [message(1)])
    assert cuts == Cuts(after=0, settled_by_status=0, before=0, sent_again=0, example=None)


def test_the_sentences_tell_the_counts() -> None:
    told = " ".join(sentences(Cuts(after=6, settled_by_status=5, before=4, sent_again=3, example=None)))
    assert [number for number in told.split() if number.isdigit()] == ["6", "5", "4", "3"]
