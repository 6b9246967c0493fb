"""Shows the ledger, its summary and the simulator's health.

Called over HTTP, above all by tests: a run is quiet when `pending_updates` and `scheduled` are both zero.
"""

from __future__ import annotations

from aiohttp import web

from simulator.control.requests import answering, whole_number
from simulator.world import World

_PAGE = 1000
_LARGEST_PAGE = 10_000


class LedgerEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/ledger", answering(self.entries)),
            web.get("/_sim/ledger/summary", answering(self.summary)),
            web.get("/_sim/health", answering(self.health)),
        ]

    async def entries(self, request: web.Request) -> object:
        after = whole_number(request, "after", 0, 2**53)
        limit = whole_number(request, "limit", _PAGE, _LARGEST_PAGE)
        ledger = self._world.ledger
        lines, next_after = ledger.page(after, limit)
        return b'{"entries":[%b],"next_after":%d,"last_seq":%d}' % (b",".join(lines), next_after, ledger.last_seq)

    async def summary(self, _request: web.Request) -> object:
        world = self._world
        return {
            **world.ledger.summary.as_json(),
            "last_seq": world.ledger.last_seq,
            "scheduled": len(world.scheduler) + world.sender.copies_under_way + world.faults.under_way,
        }

    async def health(self, _request: web.Request) -> object:
        world = self._world
        return {
            "status": "ok",
            "now": world.clock.now(),
            "clock": world.clock.kind,
            "time_scale": world.clock.time_scale,
            "seed": world.streams.seed,
            "last_seq": world.ledger.last_seq,
            "keeps_data": world.data is not None,
        }
