"""Rates from the ledger: each excess planted alone is found; random ones agree with counting every window by hand."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.checker import Limits, LimitsInvalid, Observed, Portfolio, Verdict, check
from simulator.checker.rates import Arrivals

NUMBER, OTHER, ANN, BEN = "300000000000003", "300000000000004", "15550100001", "15550100002"
START = 1_790_000_000.0
DAY_S = 86_400.0


def entry(kind: str, at: float, *, number: str = NUMBER, to: str | None = ANN, **fields: object) -> dict:
    made = {"seq": 0, "at": START + at, "kind": kind, "phone_number_id": number, "wa_id": to, **fields}
    if kind == "send":
        made |= {"wamid": f"wamid.{number}.{to}.{at}", "biz_opaque_callback_data": None}
    if kind == "inbound":
        made |= {"wamid": f"wamid.in.{number}.{to}.{at}", "apps": []}
    return made


def judged(entries: list[dict], limits: Limits) -> Verdict:
    return check(entries, Observed(), limits=limits)


def rates(entries: list[dict], limits: Limits) -> dict[str, dict[str, int]]:
    return {name: found for name, found in judged(entries, limits).findings() if name.startswith("over") and found}


def people(count: int) -> list[str]:
    return [f"1555011{n:04}" for n in range(count)]


def test_without_limits_nothing_is_said_of_rates():
    entries = [entry("send", 0.0) for _ in range(200)]
    assert not [found for name, found in check(entries, Observed()).findings() if name.startswith("over") and found]


def test_as_many_in_a_second_as_the_number_may_have():
    entries = [entry("send", n / 10, to=to) for n, to in enumerate(people(30))]
    assert rates(entries, Limits(mps=10)) == {}


def test_one_too_many_in_a_second():
    entries = [entry("send", n / 10, to=to) for n, to in enumerate(people(30))]
    entries.append(entry("send", 1.55, to=BEN))
    assert rates(entries, Limits(mps=10, with_inbound=False)) == {"over number rate": {NUMBER: 11}}


def test_a_second_is_any_second_and_not_one_of_the_clock():
    entries = [entry("send", 0.9 + n / 100, to=to) for n, to in enumerate(people(11))]
    assert rates(entries, Limits(mps=10, with_inbound=False)) == {"over number rate": {NUMBER: 11}}


def test_received_messages_count_towards_the_number():
    entries = [entry("send", n / 100, to=to) for n, to in enumerate(people(8))]
    entries += [entry("inbound", n / 100) for n in range(3)]
    assert rates(entries, Limits(mps=10)) == {"over number rate with inbound": {NUMBER: 11}}
    assert rates(entries, Limits(mps=10, with_inbound=False)) == {}


def test_numbers_have_their_own_rates():
    entries = [entry("send", n / 100, number=number) for n in range(15) for number in (NUMBER, OTHER)]
    limits = Limits(numbers={NUMBER: 20}, mps=10, pair_burst=100, with_inbound=False)
    assert rates(entries, limits) == {"over number rate": {OTHER: 15}}


NO_SENDS = [
    ({"kind": "refused", "code": 130429, "to": None}, True),
    ({"kind": "fault", "fault": "drop_before", "processed": False, "on": "sends", "code": None}, True),
    ({"kind": "fault", "fault": "meta_error", "processed": False, "on": "sends", "code": 130429}, False),
    ({"kind": "fault", "fault": "drop_after", "processed": True, "on": "sends", "code": None}, False),
    ({"kind": "fault", "fault": "drop_before", "processed": False, "on": "reads", "code": None, "to": None}, False),
    ({"kind": "fault", "fault": "delay", "update": 7, "status": "sent"}, False),
    ({"kind": "receipt"}, False),
]


@pytest.mark.parametrize(("fields", "counts"), NO_SENDS)
def test_a_request_that_came_in_counts_once_whatever_became_of_it(fields, counts):
    kind, fields = fields["kind"], {name: value for name, value in fields.items() if name != "kind"}
    entries = [entry("send", n / 100, to=to) for n, to in enumerate(people(10))]
    entries.append(entry(kind, 0.5, **fields))
    found = rates(entries, Limits(mps=10, with_inbound=False))
    assert found == ({"over number rate": {NUMBER: 11}} if counts else {})


def test_the_order_of_the_ledger_does_not_matter():
    entries = [entry("send", 5.0), *(entry("send", n / 100, to=to) for n, to in enumerate(people(11)))]
    random.Random(3).shuffle(entries)
    assert rates(entries, Limits(mps=10, with_inbound=False)) == {"over number rate": {NUMBER: 11}}


def test_a_pair_may_borrow_its_burst_and_pays_it_back():
    entries = [entry("send", n / 10) for n in range(45)]
    entries += [entry("send", 4.4 + 6.0 * n) for n in range(1, 10)]
    assert rates(entries, Limits()) == {}
    entries.append(entry("send", 4.5))
    assert rates(entries, Limits()) == {"over pair rate": {f"{NUMBER} to {ANN}": 46}}


def test_pairs_do_not_share_their_debts():
    entries = [entry("send", n / 10, number=number, to=to) for n in range(40) for number, to in PAIRS]
    assert rates(entries, Limits()) == {}


PAIRS = [(NUMBER, ANN), (NUMBER, BEN), (OTHER, ANN)]
PORTFOLIO = Portfolio(name="Shop", numbers=(NUMBER, OTHER), people=5)


def test_people_outside_their_windows_are_counted_over_all_numbers_of_a_portfolio():
    limits = Limits(portfolios=(PORTFOLIO,))
    entries = [entry("send", 60.0 * n, to=to, number=(NUMBER, OTHER)[n % 2]) for n, to in enumerate(people(5))]
    assert rates([*entries, entry("send", 900.0, to=people(5)[0])], limits) == {}
    assert rates([*entries, entry("send", 900.0, to=BEN)], limits) == {"over messaging limit": {"Shop": 6}}
    assert rates([*entries, entry("send", 900.0, to=BEN, number="300000000000009")], limits) == {}


def test_a_person_is_free_again_after_a_day():
    limits = Limits(portfolios=(PORTFOLIO,))
    entries = [entry("send", 60.0 * n, to=to) for n, to in enumerate(people(5))]
    assert rates([*entries, entry("send", DAY_S, to=BEN)], limits) == {}
    assert rates([*entries, entry("send", DAY_S - 0.01, to=BEN)], limits) == {"over messaging limit": {"Shop": 6}}


def test_people_inside_their_windows_do_not_count():
    limits = Limits(portfolios=(PORTFOLIO,))
    entries = [entry("send", 60.0 * n, to=to) for n, to in enumerate(people(5))]
    entries += [entry("inbound", 0.0, to=BEN), entry("send", DAY_S - 301, to=BEN)]
    assert rates(entries, limits) == {}
    other_number = [*entries[:5], entry("inbound", 0.0, to=BEN, number=OTHER), entry("send", 900.0, to=BEN)]
    assert rates(other_number, limits) == {"over messaging limit": {"Shop": 6}}


def test_refused_messages_reach_nobody():
    limits = Limits(portfolios=(PORTFOLIO,))
    entries = [entry("send", 60.0 * n, to=to) for n, to in enumerate(people(5))]
    assert rates([*entries, entry("refused", 900.0, to=BEN)], limits) == {}


def test_what_was_quiet_for_long_is_forgotten_and_nothing_changes(monkeypatch):
    entries = [entry("send", n / 10) for n in range(46)] + [entry("send", 1000.0 + n) for n in range(20)]
    expected = rates(entries, Limits())
    monkeypatch.setattr("simulator.checker.rates._PRUNE_EVERY", 1)
    assert rates(entries, Limits()) == expected == {"over pair rate": {f"{NUMBER} to {ANN}": 46}}


times = st.lists(st.floats(0, 30, allow_nan=False).map(lambda at: round(at, 3)), max_size=60)


@given(times, st.integers(1, 6))
def test_any_rate_of_a_number_agrees_with_counting_every_second(moments, mps):
    entries = [entry("send", at, to=to) for at, to in zip(moments, people(len(moments)), strict=True)]
    arrived = sorted(START + at for at in moments)
    most = max((sum(first <= at and at - first < 1 for at in arrived) for first in arrived), default=0)
    found = rates(entries, Limits(mps=mps, with_inbound=False))
    assert found == ({"over number rate": {NUMBER: most}} if most > mps else {})


@given(times, st.integers(1, 6))
def test_any_debt_of_a_pair_agrees_with_counting_every_stretch_of_time(moments, burst):
    arrived = sorted(START + at for at in moments)
    excess = [
        last - first + 1 - (arrived[last] - arrived[first]) / 6 - burst
        for first in range(len(arrived))
        for last in range(first, len(arrived))
    ]
    found = rates([entry("send", at) for at in moments], Limits(mps=10_000, pair_burst=burst))
    assert bool(found) is any(over > 1e-6 for over in excess)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), st.booleans()), max_size=40), st.integers(1, 4))
def test_any_count_of_people_agrees_with_counting_every_day(events, limit):
    hour = 3600.0
    entries, sends, wrote = [], [], {}
    for at, who, writes in sorted(events):
        to = people(7)[who]
        entries.append(entry("inbound" if writes else "send", at * hour, to=to))
        if writes:
            wrote[to] = at
        elif at - wrote.get(to, -1000) >= 24:
            sends.append((at, to))
    most = max((len({to for at, to in sends if last - 24 < at <= last}) for last, _ in sends), default=0)
    limits = Limits(mps=10_000, pair_burst=10_000, portfolios=(Portfolio(name="P", numbers=(NUMBER,), people=limit),))
    assert rates(entries, limits) == ({"over messaging limit": {"P": most}} if most > limit else {})


@pytest.mark.parametrize("body", [b"", b"[]", b'{"mps":0}', b'{"tps":3}', b'{"portfolios":[{"name":"x"}]}', b"\xff"])
def test_limits_of_another_shape_are_refused(body):
    with pytest.raises(LimitsInvalid, match="the limits cannot be used"):
        Limits.from_json(body)


def test_limits_as_json():
    limits = Limits.from_json(b'{"numbers":{"3":1000},"portfolios":[{"name":"Shop","numbers":["3"],"people":250}]}')
    assert (limits.mps_of("3"), limits.mps_of("4"), limits.pair_burst) == (1000, 80, 45)


def test_time_goes_forward_in_what_is_judged():
    arrivals = Arrivals()
    for at in (3.0, 1.0, 2.0):
        arrivals.read(entry("send", at))
    assert all(a[0] < b[0] for a, b in pairwise(arrivals.in_order()))
