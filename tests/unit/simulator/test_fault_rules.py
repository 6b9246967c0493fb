"""Whom the planned faults strike: shares, counts, places, seeds, and files that are no rules."""

import json

import msgspec
import pytest

from simulator.clock import Clock
from simulator.errors import CannotStart
from simulator.faults.active import Arriving, Faults
from simulator.faults.planned import decoded, faults_from_file
from simulator.faults.rule import Subject
from simulator.faults.rules import AnyRule
from simulator.randomness import Streams
from simulator.scheduler import Scheduler

ANN, BEN = "15550100001", "15550100002"


def faults(*rules: dict, seed: int = 7, clock: Clock | None = None) -> Faults:
    clock = clock or Clock()
    made = Faults(Streams(seed), clock, Scheduler(clock, call_later=lambda _delay_s, _action: None))
    made.replace(decoded(json.dumps(rules).encode()))
    return made


def a_send(number: str = "3", to: str = ANN, *, reused: bool = False, **subject: str) -> Arriving:
    return Arriving("sends", Subject(number, to, **subject), reused=reused)


def struck(made: Faults, times: int, *, number: str = "3", to: str = ANN) -> list[str | None]:
    found = []
    for _ in range(times):
        active = made.strike_call(a_send(number, to))
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
        "on": "sends",
        "by": "close",
        "where": {"phone_number_id": None, "recipient": None, "type": None, "template": None, "category": None},
        "from_s": 0.0,
        "until_s": None,
        "from_at": None,
        "until_at": None,
        "share": 1.0,
        "count": 1,
        "injected": 0,
    }
    assert struck(made, 2) == ["drop_after", None]


def fates(made: Faults, *names: str, messages: int = 1, to: str = ANN) -> list[list]:
    """The fates of these updates of so many messages, message by message."""
    return [
        [made.fate_of_update(name, wamid=f"wamid.{n}", subject=Subject("3", to)) for name in names]
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
    assert made.strike_call(a_send()).place == 1
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
    {"kind": "fail_later", "code": -1},
    {"kind": "only", "statuses": ["inbound"]},
    {"kind": "drop_after", "by": "force"},
    {"kind": "drop_after", "on": "webhooks"},
    {"kind": "drop_after", "on": "all", "where": {"recipient": ANN}},
    {"kind": "drop_after", "on": "media", "where": {"type": "text"}},
    {"kind": "half_request", "where": {"template": "greeting"}},
    {"kind": "drop_after", "where": {"category": "advert"}},
    {"kind": "fail"},
    {"kind": "fail", "code": 131026, "on": "reads"},
    {"kind": "slow", "seconds": [2, 1]},
    {"kind": "slow", "seconds": [0, 0]},
    {"kind": "slow", "seconds": 3601},
    {"kind": "slow_before", "seconds": {"p50": 2, "p99": 1}},
    {"kind": "drip_after", "seconds": 0},
    {"kind": "half_answer", "cut": "tail"},
    {"kind": "half_answer", "cut": 0},
    {"kind": "huge_after", "megabytes": 0},
    {"kind": "redirect", "http": 200},
    {"kind": "redirect", "location": "/a b"},
    {"kind": "garbage_after", "form": "nice"},
    {"kind": "wrong_type_after", "content_type": "text"},
    {"kind": "batch", "size": 1},
    {"kind": "batch", "size": 1001},
    {"kind": "sign", "using": "right"},
    {"kind": "sign", "attempts": 0},
    {"kind": "drop", "from_s": 3, "until_s": 3},
    {"kind": "drop", "from_at": 10, "until_at": 9},
    {"kind": "hold"},
    {"kind": "refuse", "from_s": 5},
    {"kind": "refuse", "until_s": 5, "share": 0.5},
]


@pytest.mark.parametrize("rule", BAD_RULES)
def test_rules_that_are_none_are_refused(rule, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([rule]))
    with pytest.raises(CannotStart, match=r"is not a list of fault rules: .*README.md lists their kinds"):
        faults_from_file(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b"\xff", b"[" * 100_000])
def test_files_that_are_no_list_are_refused(content, tmp_path):
    path = tmp_path / "faults.json"
    path.write_bytes(content)
    with pytest.raises(CannotStart, match="is not a list of fault rules"):
        faults_from_file(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CannotStart, match=r"cannot read the faults in .* give another file"):
        faults_from_file(tmp_path / "none.json")


def test_a_file_of_rules(tmp_path):
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "slow", "seconds": 2, "share": 0.5}]')
    (rule,) = faults_from_file(path)
    assert (rule.kind, rule.seconds, rule.share) == ("slow", 2.0, 0.5)


def test_a_rule_strikes_only_the_type_and_the_template_that_it_names():
    made = faults({"kind": "drop_after", "where": {"category": "utility"}})
    assert made.strike_call(a_send(category="utility")) is not None
    assert made.strike_call(a_send(category="service")) is None
    made = faults({"kind": "drop_after", "where": {"type": "template", "template": "greeting"}})
    assert made.strike_call(a_send(type="template", template="greeting")) is not None
    assert made.strike_call(a_send(type="template", template="farewell")) is None
    assert made.strike_call(a_send(type="text")) is None


ON = [
    ({}, {"sends"}),
    ({"on": "media"}, {"media"}),
    ({"on": "reads"}, {"reads"}),
    ({"on": "all"}, {"sends", "media", "reads", "other"}),
]


@pytest.mark.parametrize(("on", "wanted"), ON)
def test_a_rule_strikes_the_calls_that_it_is_on(on, wanted):
    made = faults({"kind": "error_before", **on})
    kinds_of_calls = ("sends", "media", "reads", "other")
    assert {kind for kind in kinds_of_calls if made.strike_call(Arriving(kind, Subject("3")))} == wanted


def test_a_kept_connection_is_closed_only_when_it_is_used_again():
    made = faults({"kind": "close_on_reuse"})
    assert made.strike_call(a_send()) is None
    assert made.strike_call(a_send(reused=True)) is not None


def test_half_a_request_is_decided_before_its_body_is_read_and_by_nothing_else():
    made = faults({"kind": "half_request", "where": {"phone_number_id": "3"}})
    assert made.strike_call(a_send()) is None
    assert made.strike_request("sends", "4") is None
    assert made.strike_request("sends", "3") is not None


def test_a_rule_is_in_force_from_and_until_so_many_simulated_seconds(fast_clock):
    made = faults({"kind": "drop_after", "from_s": 20, "until_s": 50}, clock=fast_clock)
    assert struck(made, 1) == [None]
    fast_clock.advance(2)
    assert struck(made, 1) == ["drop_after"]
    fast_clock.advance(3)
    assert struck(made, 1) == [None]


def test_a_rule_is_in_force_between_two_points_in_time(clock):
    rule = {"kind": "delay", "seconds": [1, 1], "from_at": clock.now() + 20, "until_at": clock.now() + 50}
    made = faults(rule, clock=clock)
    assert fates(made, "sent")[0][0].delay_s == 0
    clock.advance(20)
    assert fates(made, "sent")[0][0].delay_s == 1
    clock.advance(30)
    assert fates(made, "sent")[0][0].delay_s == 0


def test_what_was_decided_for_a_message_outlives_the_time_of_the_rule(clock):
    made = faults({"kind": "drop", "until_s": 10}, clock=clock)
    assert fates(made, "sent")[0][0].silent
    clock.advance(11)
    (first, second) = fates(made, "read", messages=2)
    assert (first[0].silent, second[0].silent) == (True, False)


def test_outages_tell_when_they_begin_and_end(clock):
    scheduler = Scheduler(clock, call_later=lambda _delay_s, _action: None)
    made = Faults(Streams(0), clock, scheduler)
    told = []
    made.watch(lambda: told.append((made.refusing() is not None, made.holding)))
    rules = [{"kind": "refuse", "from_s": 2, "until_s": 5}, {"kind": "hold", "until_at": clock.now() + 7}]
    made.replace(decoded(json.dumps(rules).encode()))
    for _ in range(10):
        clock.advance(1)
        scheduler.run_due()
    assert told == [(False, True), (True, True), (False, True), (False, False)]
    assert len(scheduler) == 0


def test_an_outage_that_was_replaced_tells_nothing_more(clock):
    scheduler = Scheduler(clock, call_later=lambda _delay_s, _action: None)
    made = Faults(Streams(0), clock, scheduler)
    made.replace(decoded(b'[{"kind":"hold","until_s":5}]'))
    assert made.holding
    assert len(scheduler) == 0, "a plan for later must not keep a run from being quiet"
    told = []
    made.watch(lambda: told.append(made.holding))
    made.replace([])
    clock.advance(10)
    scheduler.run_due()
    assert told == [False]


def test_latencies_are_drawn_as_they_say():
    made = faults()
    assert made.latency_s(2.5) == 2.5
    assert all(1 <= made.latency_s((1, 2)) <= 2 for _ in range(100))
    (rule,) = decoded(b'[{"kind":"slow","seconds":{"p50":0.25,"p99":2}}]')
    drawn = sorted(made.latency_s(rule.seconds) for _ in range(4000))
    assert 0.22 < drawn[2000] < 0.28
    assert 1.5 < drawn[3960] < 2.8
