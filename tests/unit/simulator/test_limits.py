"""The limits against small models: never more than the limit let through, and never a refusal below it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.limits.pairs import PairDebts
from simulator.limits.people import DAY_S, PeopleReached
from simulator.limits.sends import SendLimits
from simulator.limits.windows import SlidingWindow
from simulator.settings import LimitModes, Settings
from simulator.state import Number, NumberLimits, Portfolio, Store, Waba

NOW = 1_800_000_000.0
ANN, BEN = "15550100001", "15550100002"

# Quarters of a second, so that sums are exact and the edges of windows are met.
waits = st.lists(st.integers(0, 8).map(lambda quarters: quarters / 4), min_size=1, max_size=200)


@given(waits, st.integers(1, 6))
def test_a_window_holds_exactly_its_limit(gaps, limit):
    window = SlidingWindow(1.0)
    accepted: list[float] = []
    at = NOW
    for gap in gaps:
        at += gap / 4
        in_window = [t for t in accepted if t > at - 1.0]
        may_go = window.used(at) < limit
        assert may_go == (len(in_window) < limit)
        if may_go:
            window.take(at, limit)
            accepted.append(at)
    for end in accepted:
        assert sum(end - 1.0 < t <= end for t in accepted) <= limit


@given(waits, st.integers(1, 5))
def test_what_no_limit_keeps_out_fills_a_window_and_no_more_memory(gaps, limit):
    window = SlidingWindow(1.0)
    came: list[float] = []
    at = NOW
    for gap in gaps:
        at += gap / 4
        window.take(at, limit)
        came.append(at)
        assert window.used(at) == min(limit, sum(t > at - 1.0 for t in came))


def test_a_window_says_when_it_has_room_again():
    window = SlidingWindow(3600.0)
    assert window.frees_at(NOW) == NOW
    window.take(NOW, 5)
    window.take(NOW + 10, 5)
    assert window.frees_at(NOW + 20) == NOW + 3600


class PairModel:
    """Keeps every accepted message and works out by hand what Meta's page says."""

    def __init__(self, *, interval: float, burst: int, window: float) -> None:
        self.interval, self.burst, self.window = interval, burst, window
        self.series: list[float] = []  # the messages since nothing was owed

    def owed_until(self) -> float:
        until = self.series[0]
        for at in self.series:
            until = max(until, at) + self.interval
        return until

    def may_go(self, at: float) -> bool:
        if not self.series or at >= self.owed_until():
            return True
        open_ = at < self.series[0] + self.window
        return open_ and self.owed_until() + self.interval - at <= self.burst * self.interval

    def take(self, at: float) -> None:
        if self.series and at >= self.owed_until():
            self.series.clear()
        self.series.append(at)


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0, 5.75, 6.0, 30.0, 300.0]), min_size=1, max_size=200),
    st.sampled_from([1, 2, 5, 45]),
    st.sampled_from([0.0, 6.0, 86_400.0]),
)
@settings(max_examples=300)
def test_pair_debt_is_what_the_model_owes(gaps, burst, window):
    debts, model = PairDebts(), PairModel(interval=6.0, burst=burst, window=window)
    at, accepted = NOW, []
    for gap in gaps:
        at += gap
        may_go = debts.may_go((ANN, BEN), at, interval_s=6.0, burst=burst, burst_window_s=window)
        assert may_go == model.may_go(at)
        if may_go:
            debts.take((ANN, BEN), at, interval_s=6.0, burst=burst)
            model.take(at)
            accepted.append(at)
    # In the long run one message an interval, and a burst on top.
    for place, since in enumerate(accepted):
        for count, until in enumerate(accepted[place:], start=1):
            assert count <= burst + (until - since) / 6.0


def test_a_burst_of_20_is_followed_by_two_minutes():
    debts, pair = PairDebts(), (ANN, BEN)
    meta = {"interval_s": 6.0, "burst": 45}
    for _ in range(20):
        assert debts.may_go(pair, NOW, burst_window_s=6.0, **meta)
        debts.take(pair, NOW, **meta)
    assert not debts.may_go(pair, NOW + 119.9, burst_window_s=6.0, **meta)
    assert debts.may_go(pair, NOW + 120, burst_window_s=6.0, **meta)


def test_45_may_come_at_once_but_not_46():
    debts, pair = PairDebts(), (ANN, BEN)
    meta = {"interval_s": 6.0, "burst": 45}
    went = 0
    while went < 100 and debts.may_go(pair, NOW, burst_window_s=6.0, **meta):
        debts.take(pair, NOW, **meta)
        went += 1
    assert went == 45


def test_pairs_that_owe_nothing_are_forgotten():
    debts = PairDebts()
    for number in range(10_000):
        debts.take(("1", str(number)), NOW + number, interval_s=6.0, burst=45)
    assert len(debts) <= 10


def test_recording_alone_owes_no_more_than_a_burst():
    debts, pair = PairDebts(), (ANN, BEN)
    for _ in range(1000):
        debts.take(pair, NOW, interval_s=6.0, burst=45)
    assert debts.may_go(pair, NOW + 45 * 6, interval_s=6.0, burst=45, burst_window_s=6.0)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 12).map(float)), min_size=1, max_size=150),
    st.integers(1, 5),
)
def test_people_reached_are_the_different_ones_of_24_hours(sends, limit):
    people = PeopleReached()
    reached: list[tuple[float, str]] = []
    at = NOW
    for wa_id, hours in sends:
        at += hours * 3600
        counted = {who for t, who in reached if t > at - DAY_S}
        may_reach = people.may_reach(wa_id, at, limit)
        assert may_reach == (wa_id in counted or len(counted) < limit)
        if may_reach:
            people.take(wa_id, at)
            reached.append((at, wa_id))
        assert people.used(at) <= limit


def store_with(*numbers: Number, **settings_: object) -> Store:
    store = Store()
    store.put(Waba("2", "Business", "9"))
    for number in numbers:
        store.put(number)
    store.settle(Settings(**settings_))
    return store


def number_of(id_: str = "3", *, mps: int = 80, **limits: str) -> Number:
    return Number(id_, "2", "+1 555 010 0000", "Business", mps, NumberLimits(**limits))


def test_a_refused_message_counts_against_no_limit():
    number = number_of(mps=2)
    store = store_with(number, pair_burst=1)
    limits = SendLimits(store)
    assert limits.admit(number, ANN, NOW, outside_window=True).refused_by is None
    for _ in range(10):
        assert limits.admit(number, ANN, NOW, outside_window=True).refused_by == "pair"
    assert limits.admit(number, BEN, NOW, outside_window=True).refused_by is None
    assert limits.admit(number, "15550100003", NOW, outside_window=True).refused_by == "throughput"
    assert limits.people_reached("9", NOW) == 2


def test_what_people_write_leaves_less_room():
    number = number_of(mps=3)
    limits = SendLimits(store_with(number))
    for _ in range(50):
        limits.count_inbound(number, NOW)
    assert limits.admit(number, ANN, NOW + 0.5, outside_window=False).refused_by == "throughput"
    assert limits.admit(number, ANN, NOW + 1, outside_window=False).refused_by is None


def test_numbers_of_a_portfolio_share_its_messaging_limit():
    one, other = number_of("3"), number_of("4")
    store = store_with(one, other)
    store.put(Portfolio("9", messaging_limit="TIER_250"))
    limits = SendLimits(store)
    for n in range(250):
        number = one if n % 2 else other
        assert limits.admit(number, f"1555010{n:04d}", NOW + n, outside_window=True).refused_by is None
    assert limits.admit(one, ANN[:-4] + "9999", NOW + 300, outside_window=True).refused_by == "messaging"
    assert limits.admit(one, ANN[:-4] + "9999", NOW + 300, outside_window=False).refused_by is None
    assert limits.admit(one, "15550100000", NOW + 300, outside_window=True).refused_by is None
    assert limits.admit(one, ANN[:-4] + "9999", NOW + 300 + DAY_S, outside_window=True).refused_by is None


def test_over_the_messaging_limit_a_message_may_fail_later_instead():
    number = number_of()
    store = store_with(number, over_messaging_limit="fail")
    store.put(Portfolio("9", messaging_limit="TIER_250"))
    limits = SendLimits(store)
    for n in range(250):
        assert not limits.admit(number, f"1555010{n:04d}", NOW + n, outside_window=True).fails
    verdict = limits.admit(number, "15550109999", NOW + 300, outside_window=True)
    assert (verdict.refused_by, verdict.fails) == (None, True)
    assert limits.people_reached("9", NOW + 300) == 250


def test_a_recorded_limit_lets_pass_and_says_so():
    number = number_of(mps=1, throughput="record")
    limits = SendLimits(store_with(number))
    assert limits.admit(number, ANN, NOW, outside_window=False).passed == ()
    assert limits.admit(number, BEN, NOW, outside_window=False).passed == ("throughput",)


def test_a_limit_that_is_off_does_not_count():
    number = number_of(mps=1)
    store = store_with(number, limits=LimitModes(throughput="off", pair="off", messaging="off"))
    limits = SendLimits(store)
    for _ in range(200):
        assert limits.admit(number, ANN, NOW, outside_window=True) == (None, (), False)
    assert limits.people_reached("9", NOW) == 0


def test_a_number_may_be_kept_more_strictly_than_the_world():
    strict, loose = number_of("3", mps=1, throughput="enforce"), number_of("4", mps=1)
    limits = SendLimits(store_with(strict, loose, limits=LimitModes(throughput="off")))
    for number in (strict, loose):
        assert limits.admit(number, ANN, NOW, outside_window=False).refused_by is None
    assert limits.admit(loose, BEN, NOW, outside_window=False).refused_by is None
    assert limits.admit(strict, BEN, NOW, outside_window=False).refused_by == "throughput"


def test_a_group_is_no_pair_and_no_person():
    number = number_of()
    limits = SendLimits(store_with(number, pair_burst=1))
    for _ in range(80):
        assert limits.admit(number, None, NOW, outside_window=False).refused_by is None
    assert limits.admit(number, None, NOW, outside_window=False).refused_by == "throughput"


def test_arrivals_may_overtake_each_other():
    number = number_of(mps=1)
    limits = SendLimits(store_with(number))
    assert limits.admit(number, ANN, NOW + 0.5, outside_window=False).refused_by is None
    assert limits.admit(number, BEN, NOW, outside_window=False).refused_by == "throughput"


def test_a_clock_that_was_set_back_blocks_nobody():
    number = number_of(mps=1)
    limits = SendLimits(store_with(number))
    limits.recall(number, ANN, NOW + 10 * DAY_S, outside_window=True)
    assert limits.admit(number, ANN, NOW, outside_window=True).refused_by is None
    assert limits.admit(number, BEN, NOW, outside_window=True).refused_by == "throughput"
    assert limits.people_reached("9", NOW) == 1
