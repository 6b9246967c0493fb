"""Whom the planned faults strike: shares, counts, places, seeds, and files that are no rules."""

import json

import msgspec
import pytest

from simulator.errors import CannotStart
from simulator.faults.active import Faults
from simulator.faults.rules import AnyRule, rules_from_file
from simulator.randomness import Streams

ANN, BEN = "15550100001", "15550100002"


def faults(*rules: dict, seed: int = 7) -> Faults:
    made = Faults(Streams(seed))
    made.replace(msgspec.convert(list(rules), list[AnyRule]))
    return made


def struck(made: Faults, times: int, *, number: str = "3", to: str = ANN) -> list[str | None]:
    found = []
    for _ in range(times):
        active = made.strike_send(number, to)
        if active is not None:
            active.injected += 1
        found.append(active and active.rule.kind)
    return found


def test_without_rules_nothing_is_struck():
    assert struck(faults(), 5) == [None] * 5


def test_a_share_of_one_strikes_all_and_of_zero_none():
    assert struck(faults({"kind": "drop_after"}), 50) == ["drop_after"] * 50
    assert struck(faults({"kind": "drop_after", "share": 0}), 50) == [None] * 50


def test_a_share_is_a_share():
    found = struck(faults({"kind": "drop_after", "share": 0.1}), 5000)
    assert 400 < found.count("drop_after") < 600


def test_shares_of_several_rules_add_up():
    rules = [{"kind": "drop_before", "share": 0.2}, {"kind": "drop_after", "share": 0.3}, {"kind": "error_after"}]
    found = struck(faults(*rules), 5000)
    assert 850 < found.count("drop_before") < 1150
    assert 1350 < found.count("drop_after") < 1650
    assert None not in found


def test_a_count_ends_a_rule_and_the_next_takes_over():
    rules = [{"kind": "drop_after", "count": 2}, {"kind": "error_after", "count": 1}]
    assert struck(faults(*rules), 5) == ["drop_after", "drop_after", "error_after", None, None]


def test_a_rule_strikes_only_where_it_says():
    made = faults({"kind": "drop_after", "where": {"phone_number_id": "3", "recipient": ANN}})
    assert struck(made, 1) == ["drop_after"]
    assert struck(made, 1, to=BEN) == [None]
    assert struck(made, 1, number="4") == [None]


def test_the_same_seed_strikes_the_same_sends_and_another_others():
    rule = {"kind": "drop_after", "share": 0.5}
    first = struck(faults(rule), 100)
    assert struck(faults(rule), 100) == first
    assert struck(faults(rule, seed=8), 100) != first


def test_replacing_begins_the_counts_anew():
    made = faults({"kind": "drop_after", "count": 1})
    struck(made, 3)
    assert made.as_json()[0]["injected"] == 1
    made.replace(msgspec.convert([{"kind": "drop_after", "count": 1}], list[AnyRule]))
    assert made.as_json()[0] == {
        "kind": "drop_after",
        "where": {"phone_number_id": None, "recipient": None},
        "share": 1.0,
        "count": 1,
        "injected": 0,
    }
    assert struck(made, 2) == ["drop_after", None]


def fates(made: Faults, *names: str, messages: int = 1, to: str = ANN) -> list[list]:
    """The fates of these updates of so many messages, message by message."""
    return [
        [made.fate_of_update(name, wamid=f"wamid.{n}", phone_number_id="3", wa_id=to) for name in names]
        for n in range(messages)
    ]


def kinds(fate) -> list[str]:
    return [active.rule.kind for active in fate.struck]


LIFE = ("sent", "delivered", "read")


def test_drop_silences_a_message_whole_or_not_at_all():
    lives = fates(faults({"kind": "drop", "share": 0.5}), *LIFE, messages=400)
    silent = [[fate.silent for fate in life] for life in lives]
    assert {tuple(life) for life in silent} == {(True,) * 3, (False,) * 3}
    assert 150 < silent.count([True] * 3) < 250


def test_the_count_of_drop_is_of_messages():
    made = faults({"kind": "drop", "count": 1})
    lives = fates(made, *LIFE, messages=2)
    assert [[fate.silent for fate in life] for life in lives] == [[True] * 3, [False] * 3]
    assert made.as_json()[0]["injected"] == 1


def test_drop_leaves_inbound_messages_alone_unless_told():
    assert not fates(faults({"kind": "drop"}), "inbound")[0][0].silent
    assert fates(faults({"kind": "drop", "of": ["inbound"]}), "inbound")[0][0].silent


def test_only_lets_nothing_else_through():
    (life,) = fates(faults({"kind": "only", "statuses": ["read"]}), *LIFE, "failed", "inbound")
    assert [fate.silent for fate in life] == [True, True, False, True, False]


def test_delays_are_within_their_range_and_add_up():
    rules = [{"kind": "delay", "seconds": [1, 2]}, {"kind": "delay", "seconds": [10, 10], "of": ["read"]}]
    lives = fates(faults(*rules), *LIFE, messages=50)
    for sent, delivered, read in lives:
        assert 1 <= sent.delay_s <= 2
        assert 1 <= delivered.delay_s <= 2
        assert 11 <= read.delay_s <= 12
        assert kinds(read) == ["delay", "delay"]


def test_faults_of_webhooks_combine_but_silence_ends_it():
    rules = [
        {"kind": "delay", "seconds": [1, 2]},
        {"kind": "reorder", "window_s": 3},
        {"kind": "repeat", "times": 2, "later_s": [4, 5]},
        {"kind": "drop", "of": ["read"]},
        {"kind": "repeat"},
    ]
    ((sent, read),) = fates(faults(*rules), "sent", "read")
    assert kinds(sent) == ["delay", "reorder", "repeat", "repeat"]
    assert sent.shuffle_s == 3
    assert len(sent.copies_after_s) == 3
    assert all(4 <= wait_s <= 5 for wait_s in sent.copies_after_s[:2])
    assert sent.copies_after_s[2] == 0
    assert kinds(read) == ["delay", "reorder", "repeat", "drop"]
    assert read.silent


def test_webhook_faults_strike_only_where_they_say_and_what_they_name():
    made = faults({"kind": "delay", "seconds": [1, 1], "where": {"recipient": BEN}, "of": ["read"]})
    assert [kinds(fate) for fate in fates(made, *LIFE, to=BEN)[0]] == [[], [], ["delay"]]
    assert [kinds(fate) for fate in fates(made, *LIFE, to=ANN)[0]] == [[], [], []]


def test_every_purpose_has_a_stream_of_its_own():
    drop = {"kind": "drop", "share": 0.5}
    alone = [fate.silent for (fate,) in fates(faults(drop), "sent", messages=100)]
    noisy = faults({"kind": "delay", "seconds": [1, 2]}, {"kind": "drop_after", "share": 0.5}, drop)
    struck(noisy, 7)
    assert [fate.silent for (fate,) in fates(noisy, "sent", messages=100)] == alone


def test_rules_of_both_sorts_keep_their_places():
    made = faults({"kind": "drop"}, {"kind": "drop_after"}, {"kind": "repeat"})
    assert [rule["kind"] for rule in made.as_json()] == ["drop", "drop_after", "repeat"]
    assert made.strike_send("3", ANN).place == 1
    assert [active.place for active in made.on_webhooks] == [0, 2]


BAD_RULES = [
    {"kind": "drop_everything"},
    {"share": 1},
    {"kind": "drop_after", "share": 1.1},
    {"kind": "drop_after", "share": -0.1},
    {"kind": "drop_after", "count": 0},
    {"kind": "drop_after", "seconds": 3},
    {"kind": "drop_after", "where": {"number": "3"}},
    {"kind": "drop_after", "where": {"recipient": "+15550100001"}},
    {"kind": "slow"},
    {"kind": "slow", "seconds": -1},
    {"kind": "error_after", "http": 200},
    {"kind": "meta_error"},
    {"kind": "meta_error", "code": 190, "http": 200},
    {"kind": "delay"},
    {"kind": "delay", "seconds": [3, 1]},
    {"kind": "delay", "seconds": [1, 2], "of": ["lost"]},
    {"kind": "repeat", "times": 0},
    {"kind": "repeat", "later_s": [2, 1]},
    {"kind": "reorder", "window_s": 0},
    {"kind": "only"},
    {"kind": "fail_later", "of": ["inbound"]},
    {"kind": "fail_later", "code": 5},
    {"kind": "only", "statuses": ["inbound"]},
]


@pytest.mark.parametrize("rule", BAD_RULES)
def test_rules_that_are_none_are_refused(rule, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([rule]))
    with pytest.raises(CannotStart, match=r"is not a list of fault rules: .*README.md lists their kinds"):
        rules_from_file(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b"\xff", b"[" * 100_000])
def test_files_that_are_no_list_are_refused(content, tmp_path):
    path = tmp_path / "faults.json"
    path.write_bytes(content)
    with pytest.raises(CannotStart, match="is not a list of fault rules"):
        rules_from_file(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CannotStart, match=r"cannot read the faults in .* give another file"):
        rules_from_file(tmp_path / "none.json")


def test_a_file_of_rules(tmp_path):
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "slow", "seconds": 2, "share": 0.5}]')
    (rule,) = rules_from_file(path)
    assert (rule.kind, rule.seconds, rule.share) == ("slow", 2.0, 0.5)
