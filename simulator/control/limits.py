"""Shows how much of the limits is used, and upgrades a number.

Called over HTTP by tests and people with curl. Whether a limit is kept is in the settings and the body of a
number; `changes.py` changes the one of a portfolio.
"""

from __future__ import annotations

from aiohttp import web

from simulator.control.requests import answering, found, path_id
from simulator.world import World


class LimitEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/limits", answering(self.show)),
            web.post("/_sim/numbers/{phone_number_id}/upgrade", answering(self.upgrade)),
        ]

    async def show(self, _request: web.Request) -> object:
        portfolios = {waba.business_id: self._store.portfolio_of(waba) for waba in self._store.wabas.values()}
        at = self._world.clock.now()
        limits = self._world.limits
        return {
            "portfolios": [
                {
                    "id": portfolio.id,
                    "messaging_limit": portfolio.messaging_limit,
                    "people_reached": limits.people_reached(portfolio.id, at),
                    "grows_at": portfolio.grows_at,
                }
                for portfolio in portfolios.values()
            ],
            "numbers": [
                {
                    "id": number.id,
                    "throughput_mps": number.throughput_mps,
                    "in_this_second": limits.in_this_second(number, at),
                    "upgrade_until": number.upgrade_until,
                }
                for number in self._store.numbers.values()
            ],
        }

    async def upgrade(self, request: web.Request) -> object:
        number = found(self._store.numbers, path_id(request, "phone_number_id"), "number")
        self._world.growth.upgrade(number)
        return self._store.numbers[number.id]
