"""How the demo shows its outcome."""

import json
from uuid import UUID

from server.cli.demo.cuts import Cuts
from server.cli.demo.report import as_json, as_text, in_columns
from server.cli.demo.story import Outcome
from server.cli.demo.verdict import Verdict

VERDICT = Verdict(
    accepted=4,
    sent=4,
    delivered=3,
    read=3,
    replies=2,
    files=1,
    lost=0,
    duplicated=0,
    held=0,
    went_out={"pin": 1, "image": 1, "text": 2},
    came_in={"text": 5, "order": 1},
    disagreements=(),
)
MOMENT = {"at": "2026-01-01T10:00:00.5Z", "kind": "attempt", "title": "Attempt 1: accepted", "data": {"latency_ms": 9}}
CUTS = Cuts(after=1, settled_by_status=1, before=0, sent_again=0, example=UUID(int=1))
OUTCOME = Outcome(VERDICT, CUTS, {"data": [MOMENT]}, "key")


def test_the_columns_are_read_downwards() -> None:
    lines = in_columns({"text": 100, "image": 3, "video": 3, "pin": 12})
    assert [line.split() for line in lines] == [["text", "100", "video", "3"], ["image", "3", "pin", "12"]]
    assert len({line.index(count) + len(count) for line, count in zip(lines, ("100", "3"), strict=True)}) == 1


def test_nothing_went_out() -> None:
    assert in_columns({}) == []


def test_people_read_counts_types_and_a_story() -> None:
    lines = [line for line in as_text(OUTCOME, 3.21).splitlines() if line]
    assert lines[0].split() == ["accepted", "4", "taken", "by", "the", "API", "with", "a", "202"]
    assert lines[9].split() == ["seconds", "3.2"]
    went_out, came_in = lines.index("What went out, 3 types:"), lines.index("What came in, 2 types:")
    assert lines[went_out + 1].split() == ["text", "2", "image", "1", "pin", "1"]
    assert lines[came_in + 1].split() == ["text", "5", "order", "1"]
    assert lines[-2:] == [
        "What happened to one that was cut:",
        "  10:00:00.5    attempt   Attempt 1: accepted (latency ms 9)",
    ]


def test_programs_read_one_object() -> None:
    told = json.loads(as_json(OUTCOME, 3.21))
    assert (told["types"], told["seconds"], told["cut"]["after"]) == ({"out": 3, "in": 2}, 3.2, 1)
    assert (told["accepted"], told["delivered"], told["lost"]) == (4, 3, 0)
