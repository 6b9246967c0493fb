import json

import pytest

from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.ledger import Ledger


@pytest.fixture
def ledger(clock) -> Ledger:
    return Ledger(clock)


def numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["seq"] for line in lines]


def test_entries_are_numbered_and_stamped(clock, ledger):
    assert ledger.append("send", wamid="w1") == 1
    clock.advance(5)
    assert ledger.append("send", at=clock.now() - 2, wamid="w2") == 2
    lines, _ = ledger.page(0, 10)
    assert [json.loads(line) for line in lines] == [
        {"seq": 1, "at": clock.now() - 5, "kind": "send", "wamid": "w1"},
        {"seq": 2, "at": clock.now() - 2, "kind": "send", "wamid": "w2"},
    ]


def test_pages_join_without_gap_or_overlap(ledger):
    for _ in range(7):
        ledger.append("receipt")
    seen: list[int] = []
    after = 0
    while True:
        lines, after = ledger.page(after, 3)
        if not lines:
            break
        seen += numbers(lines)
    assert seen == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("after", [0, 1, 5, 127, 128, 129, 2999, 3000, 3001])
@pytest.mark.parametrize("on_disk", [True, False])
def test_every_entry_can_be_had_again(clock, tmp_path, after, on_disk):
    ledger = Ledger(clock, AppendFile(tmp_path / "ledger.jsonl") if on_disk else None)
    for _ in range(3000):
        ledger.append("receipt", wamid="w" * 300)  # more than is written at once
        ledger.flush()
    lines, next_after = ledger.page(after, 5)
    assert numbers(lines) == list(range(after + 1, min(after + 5, 3000) + 1))
    assert next_after == max(after, min(after + 5, 3000))


def test_what_was_read_is_not_written_twice(ledger):
    ledger.append("receipt")
    assert numbers(ledger.page(0, 10)[0]) == [1]
    ledger.append("receipt")
    assert numbers(ledger.page(0, 10)[0]) == [1, 2]


def test_a_flushed_entry_is_in_the_file(clock, tmp_path):
    ledger = Ledger(clock, AppendFile(tmp_path / "ledger.jsonl"))
    ledger.append("send", wamid="w1")
    ledger.flush()
    assert json.loads((tmp_path / "ledger.jsonl").read_bytes())["wamid"] == "w1"


def test_a_second_run_goes_on_counting(clock, tmp_path):
    first = Ledger(clock, AppendFile(tmp_path / "ledger.jsonl"))
    first.append("send", wamid="w1")
    first.append("status", status="sent", wamid="w1", apps=["1"])
    first.close()
    second = Ledger(clock, AppendFile(tmp_path / "ledger.jsonl"))
    assert [entry["kind"] for entry in second.replay()] == ["send", "status"]
    assert second.append("receipt") == 3
    assert second.summary.as_json()["sends"] == 1
    assert second.summary.owed(2) == {"1"}
    assert numbers(second.page(0, 10)[0]) == [1, 2, 3]


@pytest.mark.parametrize("damage", [b"{\n", b'{"seq":7,"at":1,"kind":"send"}\n', b"[]\n", b'{"seq":2}\n'])
def test_a_damaged_ledger_is_one_clear_sentence(clock, tmp_path, damage):
    (tmp_path / "ledger.jsonl").write_bytes(b'{"seq":1,"at":1.0,"kind":"receipt"}\n' + damage)
    with pytest.raises(CannotStart, match="damaged after entry 1; give another"):
        list(Ledger(clock, AppendFile(tmp_path / "ledger.jsonl")).replay())
