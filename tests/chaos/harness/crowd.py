"""Numbers with a backlog for more people than a scene has, and what Meta's ledger says of their rates.

The rows are written past the API: a rate needs more messages than a test has time to ask for.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.checker import Limits, Observed, check
from tests.chaos.harness.scene import Scene
from tests.harness.waiting import until

_BACKLOG = Path(__file__).parents[3].joinpath("benchmarks", "backlog.sql").read_text("utf-8")
Json = dict[str, Any]


@dataclass
class Crowd:
    """The numbers of some scenes, each of which Meta gives `mps`."""

    scenes: Sequence[Scene]
    mps: int

    async def fill(self, seconds: float, *, lane: int = 2) -> None:
        """So much for each number that it is busy for about that long, even at Meta's own figure."""
        rows = self.scenes[0].world.rows
        for scene in self.scenes:
            await rows.fetch("UPDATE phone_numbers SET throughput_mps = $2 WHERE id = $1", scene.number.id, self.mps)
            messages = round(self.mps * seconds)
            await rows.fetch(_BACKLOG, scene.workspace_id, messages, [scene.number.id], lane)

    async def waiting(self) -> int:
        """Messages that are not settled."""
        workspaces = [scene.workspace_id for scene in self.scenes]
        query = "SELECT count(*) FROM outbox WHERE workspace_id = ANY ($1)"
        return int(await self.scenes[0].world.rows.fetchval(query, workspaces))

    async def has_left(self, *, patience_s: float = 120.0) -> None:
        async def nothing_waits() -> bool:
            return await self.waiting() == 0

        await until(nothing_waits, "the whole backlog has left", patience_s=patience_s)

    async def ledger(self) -> list[Json]:
        numbers = {scene.number.meta_id for scene in self.scenes}
        entries = await self.scenes[0].meta.ledger(self.scenes[0].after)
        return [entry for entry in entries if entry.get("phone_number_id") in numbers]

    async def over_rate(self, *, with_inbound: bool = False) -> dict[str, int]:
        """Numbers with a second, or pairs with a burst, that Meta does not allow. What people write counts if asked."""
        limits = Limits(numbers={scene.number.meta_id: self.mps for scene in self.scenes}, with_inbound=with_inbound)
        verdict = check(await self.ledger(), Observed(), limits=limits)
        return {**verdict.over_number_rate, **verdict.over_number_rate_with_inbound, **verdict.over_pair_rate}

    @asynccontextmanager
    async def people_write(self, mps: float) -> AsyncIterator[None]:
        """So many messages a second to each number, by the clock."""

        async def write() -> None:
            began = time.monotonic()
            for place in itertools.count(1):
                await asyncio.gather(*(scene.let_one_write() for scene in self.scenes))
                await asyncio.sleep(max(0.0, began + place / mps - time.monotonic()))

        writing = asyncio.create_task(write())
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait([writing])

    async def sent_twice(self) -> list[str]:
        sends = Counter(
            entry["biz_opaque_callback_data"].split(".")[1] for entry in await self.ledger() if entry["kind"] == "send"
        )
        return [message for message, times in sends.items() if times > 1]
