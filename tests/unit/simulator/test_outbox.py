import pytest

from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.webhooks import outbox as outbox_module
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.updates import Update


def update(seq: int) -> Update:
    return Update(seq, "1", f'{{"value":{{"n":{seq}}},"field":"messages"}}')


def test_only_what_is_owed_comes_back_and_stays_in_the_file(tmp_path):
    path = tmp_path / "webhooks.jsonl"
    first = Outbox(AppendFile(path))
    for seq in (1, 2, 3):
        first.keep(update(seq))
    first.close()
    second = Outbox(AppendFile(path))
    assert second.load(lambda seq: seq != 2) == [update(1), update(3)]
    second.close()
    assert Outbox(AppendFile(path)).load(lambda _seq: True) == [update(1), update(3)]


def test_the_file_is_compacted_when_it_has_grown(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox_module, "_COMPACT_AFTER_BYTES", 1000)
    path = tmp_path / "webhooks.jsonl"
    outbox = Outbox(AppendFile(path))
    for seq in range(1, 101):
        outbox.keep(update(seq))
        outbox.forget([seq - 1])
    outbox.close()
    assert path.stat().st_size < 2000
    assert Outbox(AppendFile(path)).load(lambda seq: seq == 100) == [update(100)]


def test_a_damaged_file_is_one_clear_sentence(tmp_path):
    path = tmp_path / "webhooks.jsonl"
    path.write_bytes(b'{"seq": "x"}\n')
    with pytest.raises(CannotStart, match="is damaged; remove it"):
        Outbox(AppendFile(path)).load(lambda _seq: True)


def test_without_a_file_nothing_comes_back():
    outbox = Outbox()
    outbox.keep(update(1))
    assert outbox.load(lambda _seq: True) == []
