"""Sets, shows and clears the rules of planned faults. Called over HTTP, above all by tests and the chaos runs."""

from __future__ import annotations

from aiohttp import web

from simulator.control.requests import answering, body_of
from simulator.faults.rules import AnyRule
from simulator.world import World


class FaultEndpoints:
    def __init__(self, world: World) -> None:
        self._faults = world.faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/faults", answering(self.show)),
            web.put("/_sim/faults", answering(self.replace)),
            web.delete("/_sim/faults", answering(self.clear)),
        ]

    async def show(self, _request: web.Request) -> object:
        return {"data": self._faults.as_json()}

    async def replace(self, request: web.Request) -> object:
        self._faults.replace(await body_of(request, list[AnyRule]))
        return {"data": self._faults.as_json()}

    async def clear(self, _request: web.Request) -> object:
        self._faults.replace([])
        return {"data": []}
