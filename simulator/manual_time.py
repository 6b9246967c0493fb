"""Moves the manual clock: everything that falls due on the way is done, in the order of time, webhooks included.

Called by `control/clock.py`. Webhooks leave one after the other and their answers are awaited, so that the same calls
with the same seed give the same ledger. The product's own reactions are not waited for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from simulator.clock import ManualClock
from simulator.errands import Errands
from simulator.ledger import Ledger
from simulator.scheduler import Scheduler
from simulator.webhooks.sender import WebhookSender


@dataclass(slots=True)
class Moved:
    """What happened on the way: moments at which something was due, and POSTs of webhooks."""

    moments: int = 0
    posts: int = 0


class ManualTime:
    def __init__(
        self, *, clock: ManualClock, ledger: Ledger, scheduler: Scheduler, errands: Errands, sender: WebhookSender
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._scheduler = scheduler
        self._errands = errands
        self._sender = sender
        self.is_moving = False

    @property
    def is_quiet(self) -> bool:
        return not len(self._scheduler) and not self._sender.has_due

    async def advance_to(self, point: float) -> Moved:
        """Do what falls due up to and at this point in time, and stand still there, also after a restart."""
        moved = await self._run(point, until_quiet=False)
        if point > self._clock.now():
            self._clock.move_to(point)
            self._ledger.append("clock")
            self._ledger.flush()
        return moved

    async def run_until_quiet(self, at_most_s: float) -> Moved:
        """Go from moment to moment until nothing is owed, and stand still at the last one; at most so far."""
        return await self._run(self._clock.now() + at_most_s, until_quiet=True)

    async def _run(self, end: float, *, until_quiet: bool) -> Moved:
        moved = Moved()
        self.is_moving = True
        try:
            moved.posts += await self._sender.deliver_due()
            while self._goes_on(end, until_quiet=until_quiet):
                moved.moments += 1
                self._clock.move_to(self._scheduler.next_at or 0.0)
                self._scheduler.run_due()
                await self._errands.run()
                moved.posts += await self._sender.deliver_due()
                await asyncio.sleep(0)  # a long way must not keep the Graph API from answering
        finally:
            self.is_moving = False
        return moved

    def _goes_on(self, end: float, *, until_quiet: bool) -> bool:
        next_at = self._scheduler.next_at
        return next_at is not None and next_at <= end and not (until_quiet and not len(self._scheduler))
