import pytest

from simulator.marketing import Marketing
from simulator.randomness import Streams
from simulator.settings import Settings
from simulator.state import Number, Person, Store

NOW, DAY_S = 1_800_000_000.0, 86_400.0
ANN = "15550100001"
NUMBER = Number("3", "2", "+1 555 010 0000", "Business")


def marketing(*, seed: int = 7, **settings: object) -> Marketing:
    store = Store()
    store.put(Person(ANN, "Ann"))
    store.settle(Settings(**settings))
    return Marketing(store, Streams(seed))


def test_nothing_fails_by_itself():
    assert {marketing().failure(NUMBER, ANN, NOW + n) for n in range(100)} == {None}


def test_who_stopped_it_gets_none_from_that_number():
    store = Store()
    store.put(Person(ANN, "Ann", opted_out=["3"]))
    made = Marketing(store, Streams(7))
    assert made.failure(NUMBER, ANN, NOW) == 131050
    assert made.failure(Number("4", "2", "+1 555 010 0009", "Business"), ANN, NOW) is None


def test_a_person_gets_so_many_in_24_hours():
    made = marketing(marketing_a_person_a_day=2)
    assert [made.failure(NUMBER, ANN, NOW + n) for n in (0, 10, 20)] == [None, None, 131049]
    assert made.failure(NUMBER, "15550100002", NOW + 20) is None
    assert made.failure(NUMBER, ANN, NOW + DAY_S - 0.1) == 131049
    assert made.failure(NUMBER, ANN, NOW + DAY_S) is None
    assert made.failure(NUMBER, ANN, NOW + DAY_S) == 131049


def test_who_has_not_been_written_to_for_a_day_is_forgotten():
    made = marketing(marketing_a_person_a_day=2)
    for n in range(5000):
        made.failure(NUMBER, str(n), NOW + n * DAY_S / 10)
    assert len(made._received) < 20


def test_a_share_is_capped():
    made = marketing(marketing_capped_share=0.25)
    codes = [made.failure(NUMBER, ANN, NOW) for _ in range(2000)]
    assert codes.count(131049) == pytest.approx(500, rel=0.2)


def test_people_of_the_experiment_stay_in_it():
    people = [f"1202555{n:04d}" for n in range(1000)]
    first, again = ([marketing(experiment_share=0.1).failure(NUMBER, who, NOW) for who in people] for _ in range(2))
    assert first == again
    assert first.count(130472) == pytest.approx(100, rel=0.4)
