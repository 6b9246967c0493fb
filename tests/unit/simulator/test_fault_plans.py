"""What the named plans of faults are made of, and that their seed decides."""

import json
from collections import Counter

import pytest

from simulator.clock import Clock
from simulator.faults.active import Arriving, Faults
from simulator.faults.call_rules import OnCalls
from simulator.faults.planned import decoded
from simulator.faults.plans import PLANS, Plan, as_json, rules_of
from simulator.faults.rule import Subject
from simulator.randomness import Streams
from simulator.scheduler import Scheduler


def strikes(plan: dict, times: int) -> list[str | None]:
    clock = Clock()
    faults = Faults(Streams(0), clock, Scheduler(clock, call_later=lambda _delay_s, _action: None))
    faults.replace(decoded(json.dumps(plan).encode()))
    struck = (faults.strike_call(Arriving("sends", Subject("3", "15550100001"))) for _ in range(times))
    return [active and active.rule.kind for active in struck]


def test_the_mix_of_c12_is_the_one_that_its_name_promises():
    shares: Counter[str] = Counter()
    for rule in rules_of(Plan(plan="c12")):
        shares[rule.kind] += rule.share
    assert shares["drop_before"] == pytest.approx(0.04)
    assert shares["drop_after"] == pytest.approx(0.05)
    assert shares["slow"] + shares["slow_before"] == pytest.approx(0.02)
    assert shares["meta_error"] == pytest.approx(0.05)
    assert shares["error_before"] + shares["error_after"] == pytest.approx(0.02)
    assert shares["garbage_after"] == pytest.approx(0.01)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("seed", range(5))
def test_shares_on_sends_never_exceed_a_whole(name, seed):
    rules = [rule for rule in rules_of(Plan(plan=name, seed=seed)) if isinstance(rule, OnCalls) and not rule.until_s]
    assert sum(rule.share for rule in rules) <= 1 + 1e-9


def test_the_same_seed_strikes_alike_and_another_does_not():
    assert strikes({"plan": "c12", "seed": 7}, 500) == strikes({"plan": "c12", "seed": 7}, 500)
    assert strikes({"plan": "c12", "seed": 7}, 500) != strikes({"plan": "c12", "seed": 8}, 500)


def test_the_seed_of_the_mix_of_everything_chooses_its_rules():
    assert rules_of(Plan(plan="c29", seed=7)) == rules_of(Plan(plan="c29", seed=7))
    assert rules_of(Plan(plan="c29", seed=7)) != rules_of(Plan(plan="c29", seed=8))


def test_every_plan_is_shown_as_rules_that_can_be_set():
    for shown in as_json():
        assert shown["about"]
        assert decoded(json.dumps(shown["rules"]).encode()) == rules_of(Plan(plan=shown["plan"]))
