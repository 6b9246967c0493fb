import json

import pytest

from simulator import ledger as ledger_module
from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.ledger import Ledger


@pytest.fixture
def in_memory(clock) -> Ledger:
    return Ledger(clock)


def numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["seq"] for line in lines]


def test_entries_are_numbered_and_stamped(clock, in_memory):
    assert in_memory.append("send", wamid="w1") == 1
    clock.advance(5)
    assert in_memory.append("send", at=clock.now() - 2, wamid="w2") == 2
    lines, _ = in_memory.page(0, 10)
    assert [json.loads(line) for line in lines] == [
        {"seq": 1, "at": clock.now() - 5, "kind": "send", "wamid": "w1"},
        {"seq": 2, "at": clock.now() - 2, "kind": "send", "wamid": "w2"},
    ]


def test_pages_join_without_gap_or_overlap(in_memory):
    for _ in range(7):
        in_memory.append("receipt")
    seen: list[int] = []
    after = 0
    while True:
        lines, after = in_memory.page(after, 3)
        if not lines:
            break
        seen += numbers(lines)
    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_memory_is_bounded_and_the_page_starts_at_the_oldest(clock, monkeypatch):
    monkeypatch.setattr(ledger_module, "_KEPT_IN_MEMORY", 4)
    ledger = Ledger(clock)
    for _ in range(10):
        ledger.append("receipt")
    lines, after = ledger.page(0, 2)
    assert numbers(lines) == [7, 8]
    assert numbers(ledger.page(after, 10)[0]) == [9, 10]


@pytest.mark.parametrize("after", [0, 1, 5, 11, 2999, 3000])
def test_entries_that_left_memory_are_read_from_the_file(clock, monkeypatch, tmp_path, after):
    monkeypatch.setattr(ledger_module, "_KEPT_IN_MEMORY", 4)
    monkeypatch.setattr(ledger_module, "_INDEX_STEP", 8)
    ledger = Ledger(clock, AppendFile(tmp_path / "ledger.jsonl"))
    for _ in range(3000):
        ledger.append("receipt")
    lines, next_after = ledger.page(after, 5)
    assert numbers(lines) == list(range(after + 1, min(after + 5, 3000) + 1))
    assert next_after == min(after + 5, 3000)


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
