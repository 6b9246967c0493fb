"""Sets, shows and clears the rules of planned faults. Called over HTTP, above all by tests and the chaos runs."""

from __future__ import annotations

from aiohttp import web

from simulator.control.requests import answering, decoded_body
from simulator.faults import planned, plans
from simulator.world import World


class FaultEndpoints:
    def __init__(self, world: World) -> None:
        self._faults = world.faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/faults", answering(self.show)),
            web.get("/_sim/faults/plans", answering(self.show_plans)),
            web.put("/_sim/faults", answering(self.replace)),
            web.delete("/_sim/faults", answering(self.clear)),
        ]

    async def show(self, _request: web.Request) -> object:
        return {"data": self._faults.as_json()}

    async def show_plans(self, _request: web.Request) -> object:
        return {"data": plans.as_json()}

    async def replace(self, request: web.Request) -> object:
        self._faults.replace(await decoded_body(request, planned.decoded))
        return {"data": self._faults.as_json()}

    async def clear(self, _request: web.Request) -> object:
        self._faults.replace([])
        return {"data": []}
