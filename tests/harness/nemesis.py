"""Strikes the product by a plan that its seed draws: the same seed, the same plan, and every failure shows it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

Strike = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Step:
    """`victim` is struck so long after the step before."""

    pause_s: float
    victim: str

    def __str__(self) -> str:
        return f"+{self.pause_s:.2f} s {self.victim}"


class Nemesis:
    """`strikes` by the names of their victims. `victims` take turns, each time in another order; a name may come twice.

    To be played whole by `at_work`, or step by step with `play`.
    """

    def __init__(
        self,
        seed: int,
        strikes: Mapping[str, Strike],
        *,
        steps: int,
        longest_pause_s: float,
        victims: Sequence[str] = (),
    ) -> None:
        chance = random.Random(seed)
        names = list(victims or strikes)
        order: list[str] = []
        while len(order) < steps:
            order += chance.sample(names, len(names))
        self.seed = seed
        self.plan = tuple(Step(chance.uniform(0, longest_pause_s), victim) for victim in order[:steps])
        self.played: list[Step] = []
        self._strikes = strikes

    @property
    def counts(self) -> Counter[str]:
        """How often the plan strikes each victim."""
        return Counter(step.victim for step in self.plan)

    def __str__(self) -> str:
        return f"seed {self.seed}, {len(self.played)} of {len(self.plan)} steps played: " + ", ".join(
            str(step) for step in self.plan
        )

    async def play(self, step: Step) -> None:
        await asyncio.sleep(step.pause_s)  # the moment of a strike is the plan's choice, nothing is waited for
        await self._strikes[step.victim]()
        self.played.append(step)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Strikes while the body runs, and to the end of the plan. What goes wrong then tells the plan."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._play_all())
                yield
        except BaseException as error:
            error.add_note(str(self))
            raise

    async def _play_all(self) -> None:
        for step in self.plan:
            await self.play(step)
