"""The outbound worker: claim → send → settle. Any number of them share the numbers' budgets.

Messages are never held in memory before their turn: what is claimed is written at once. A killed worker leaves rows in
`sending`, which the rescuer makes `unknown`; it never makes a message go twice.
"""

import asyncio

from server.core.failpoints import fp
from server.domain.bite import MOST
from server.services.congestion import Congestion
from server.services.dispatch import Departure, Dispatch
from server.services.settlement import Result, Settlement
from server.whatsapp.errors import Late
from server.whatsapp.outbound import OutboundClient
from server.workers.loop import Actor, Stopping, repeat

CLAIMS_AT_ONCE = 2
"""A number's budget grows no further than a burst, so one that is due must not wait for the claim of others to end."""
IDLE_S = 0.05
"""How often each of them asks the queue while nothing is due."""
GATHER_S = 0.05
"""While messages are on the wire, results are gathered for so long: to write one costs as much as to write many."""
ENOUGH_RESULTS = 200
LEAST_ROOM = 0.05
"""The part of what may be on the wire for which a claim is made; for less it costs as much."""


class OutboundWorker:
    """Two actors: one claims and lets messages go, one settles what came of them."""

    def __init__(
        self,
        dispatch: Dispatch,
        settlement: Settlement,
        congestion: Congestion,
        client: OutboundClient,
        *,
        sends_in_flight: int,
    ) -> None:
        self._dispatch = dispatch
        self._congestion = congestion
        self._settlement = settlement
        self._client = client
        self._limit = sends_in_flight
        self._least_room = max(1, round(sends_in_flight * LEAST_ROOM))
        self._claiming = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._has_room = asyncio.Event()
        self._results: list[Result] = []
        self._came_in = asyncio.Event()
        self._landed = Stopping()
        self._settled = Stopping()

    def actors(self) -> list[Actor]:
        """What the worker loop runs."""
        return [self.claim, self.settle]

    async def claim(self, stopping: Stopping) -> None:
        """Claims until stopping; then waits for what is on the wire."""
        await asyncio.gather(*(repeat(self._claim_once, stopping, idle_s=IDLE_S) for _ in range(CLAIMS_AT_ONCE)))
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        await self._dispatch.close()
        self._landed.set()
        self._came_in.set()

    async def settle(self, _stopping: Stopping) -> None:
        """Settles until the last message has landed and its result is written."""
        await repeat(self._settle_once, self._settled, idle_s=0)

    async def _claim_once(self) -> bool:
        room = min(self._room, MOST)
        if room < self._least_room:
            self._has_room.clear()
            await self._has_room.wait()
            return True
        self._claiming += room
        try:
            claim = await self._dispatch.claim(room=room)
        finally:
            self._claiming -= room
            self._has_room.set()
        for departure in claim.departures:
            task = asyncio.create_task(self._send(departure))
            self._in_flight.add(task)
            task.add_done_callback(self._leave)
        if claim.turns:
            return True
        if claim.next_in_s is not None and claim.next_in_s < IDLE_S:
            await asyncio.sleep(claim.next_in_s)
            return True
        return False

    @property
    def _room(self) -> int:
        """How many more messages may be claimed, beside those on the wire and those that a claim may bring."""
        return self._limit - len(self._in_flight) - self._claiming

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if self._room >= self._least_room:
            self._has_room.set()

    async def _send(self, departure: Departure) -> None:
        tried = await self._client.send(
            phone_number_id=departure.phone_number_id,
            token=departure.token,
            request=departure.request,
            begin_by=departure.begin_by,
        )
        fp("ow.response_read")
        if isinstance(tried.outcome, Late):
            self._dispatch.was_late(departure)
        self._results.append(
            Result(departure.key, departure.number_id, departure.started_at, tried, departure.spent_at)
        )
        self._came_in.set()

    async def _settle_once(self) -> bool:
        if not self._results:
            if self._landed:
                self._settled.set()
            else:
                await self._wait_for_results()
            return True
        if self._in_flight and len(self._results) < ENOUGH_RESULTS:
            await asyncio.sleep(GATHER_S)
        batch, self._results = self._results, []
        try:
            # First: whoever leases after a message is due again finds its number slowed.
            await self._congestion.heed(batch)
            await self._settlement.settle(batch)
        except BaseException:
            self._results = batch + self._results
            raise
        await self._dispatch.ring_numbers(list({result.number_id for result in batch}))
        return True

    async def _wait_for_results(self) -> None:
        self._came_in.clear()
        if not self._landed:
            await self._came_in.wait()
