"""Which sends the planned faults strike: shares, counts, places, seeds, and files that are no rules."""

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
