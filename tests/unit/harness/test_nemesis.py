"""A nemesis plays the plan of its seed, and tells it when something goes wrong."""

from collections import Counter

import pytest

from tests.harness.nemesis import Nemesis

VICTIMS = ("database", "queue", "sender", "sender")


class Product:
    """Notes who was struck."""

    def __init__(self) -> None:
        self.struck: list[str] = []

    def nemesis(self, seed: int, steps: int = 8) -> Nemesis:
        strikes = {victim: self._strike(victim) for victim in VICTIMS}
        return Nemesis(seed, strikes, steps=steps, longest_pause_s=0.002, victims=VICTIMS)

    def _strike(self, victim: str):
        async def strike() -> None:
            self.struck.append(victim)

        return strike


@pytest.fixture
def product() -> Product:
    return Product()


def test_the_same_seed_plans_the_same_and_another_does_not(product):
    assert product.nemesis(7).plan == product.nemesis(7).plan
    assert product.nemesis(7).plan != product.nemesis(8).plan


@pytest.mark.parametrize("seed", range(20))
def test_all_victims_take_turns(product, seed):
    assert product.nemesis(seed, steps=12).counts == {"database": 3, "queue": 3, "sender": 6}
    assert Counter(step.victim for step in product.nemesis(seed).plan[:4]) == Counter(VICTIMS)


async def test_it_strikes_as_planned_while_the_body_runs_and_to_the_end(product):
    nemesis = product.nemesis(7)
    async with nemesis.at_work():
        pass
    assert product.struck == [step.victim for step in nemesis.plan]
    assert nemesis.played == list(nemesis.plan)


async def test_what_goes_wrong_tells_the_plan(product):
    nemesis = product.nemesis(7)
    with pytest.raises(BaseExceptionGroup) as failed:
        async with nemesis.at_work():
            raise AssertionError("lost a message")
    assert any(str(nemesis.plan[0]) in note for note in failed.value.__notes__)
    assert failed.value.__notes__[0].startswith("seed 7, ")
