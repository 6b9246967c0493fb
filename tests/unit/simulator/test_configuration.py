import pytest

from simulator.append_file import AppendFile
from simulator.configuration import ConfigurationFile
from simulator.errors import CannotStart
from simulator.settings import Settings
from simulator.state import App, Behaviour, Number, Person, Store, Token, Waba

RECORDS = [
    App("1", "App", "secret", "http://127.0.0.1:1/cb", "verify"),
    Waba("2", "Business", "9", ["1"]),
    Number("3", "2", "+1 555 010 0000", "Business", 250),
    Token("token-of-a-test", "1", ["2"]),
    Person("15550100001", "Ann", "US.123", online=False, behaviour=Behaviour(reads=False, reply_every=3)),
]


def reloaded(path) -> Store:
    store = Store()
    file = ConfigurationFile(AppendFile(path))
    file.load_into(store)
    file.close()
    return store


def test_every_kind_of_record_and_the_settings_survive(tmp_path):
    path = tmp_path / "configuration.jsonl"
    store = Store(ConfigurationFile(AppendFile(path)))
    for record in RECORDS:
        store.put(record)
    store.settle(Settings(webhook_batch=3, sent_delay_s=(0.0, 0.5)))
    again = reloaded(path)
    assert [*again.apps.values(), *again.wabas.values(), *again.numbers.values()] == RECORDS[:3]
    assert [*again.tokens.values(), *again.people.values()] == RECORDS[3:]
    assert again.settings == store.settings


def test_a_change_is_on_disk_before_put_returns(tmp_path):
    path = tmp_path / "configuration.jsonl"
    store = Store(ConfigurationFile(AppendFile(path)))
    store.put(RECORDS[1])
    assert b'"Business"' in path.read_bytes()


def test_the_last_change_wins_and_the_file_is_compacted(tmp_path):
    path = tmp_path / "configuration.jsonl"
    store = Store(ConfigurationFile(AppendFile(path)))
    for turn in range(50):
        store.put(Waba("2", f"Business {turn}", "9"))
    assert reloaded(path).wabas["2"].name == "Business 49"
    assert len(path.read_bytes().splitlines()) == 2


def test_a_record_that_cannot_be_written_is_not_taken_over(tmp_path):
    class Refusing:
        def record(self, kind, value):
            raise OSError("disk full")

    store = Store(Refusing())
    with pytest.raises(OSError, match="disk full"):
        store.put(RECORDS[0])
    assert store.apps == {}


@pytest.mark.parametrize("line", [b"{", b'{"kind":"ship","value":{}}', b'{"kind":"app","value":{"id":1}}'])
def test_a_damaged_line_is_one_clear_sentence(tmp_path, line):
    path = tmp_path / "configuration.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(CannotStart, match=r"line 1 of .* cannot be read; remove the line"):
        reloaded(path)


def test_only_apps_with_a_callback_get_webhooks():
    store = Store()
    store.put(App("1", "App", "secret"))
    store.put(App("2", "App", "secret", "http://127.0.0.1:1/cb", "verify"))
    assert store.hearers_of(Waba("3", "Business", "9", ["1", "2", "404"]), "messages").app_ids == ("2",)
