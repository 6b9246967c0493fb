"""Shows the clock, and moves it when it is a manual one.

Called over HTTP by tests: `{"advance_s": 90000}` answers when 25 hours have passed and all their webhooks are out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from aiohttp import web

from simulator.clock import LATEST
from simulator.control.requests import answering, body_of
from simulator.errors import Refused
from simulator.manual_time import ManualTime, Moved
from simulator.world import World

_LONGEST_S = 10 * 366 * 86_400.0

Stretch = Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_S)]


class Move(msgspec.Struct, forbid_unknown_fields=True):
    """One of the first three. `advance_to`: Unix seconds, or ISO 8601 with a time zone."""

    advance_s: Stretch | None = None
    advance_to: float | datetime | None = None
    run_until_quiet: bool = False
    at_most_s: Stretch = 30 * 86_400.0


class ClockEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/clock", answering(self.show)),
            web.post("/_sim/clock", answering(self.move)),
        ]

    async def show(self, _request: web.Request) -> object:
        clock = self._world.clock
        now = clock.now()
        return {
            "clock": clock.kind,
            "now": now,
            "date": datetime.fromtimestamp(now, UTC).isoformat(),
            "time_scale": clock.time_scale,
            "scale_points": clock.scale_points,
            "scheduled": len(self._world.scheduler),
        }

    async def move(self, request: web.Request) -> object:
        move = await body_of(request, Move)
        time = self._world.manual_time
        if time is None:
            raise Refused("this clock moves by itself; start the simulator with --clock manual to move it", http=409)
        if time.is_moving:
            raise Refused("the clock is being moved already; wait for the answer to that call", http=409)
        moved = await self._moved(time, move)
        return {"now": self._world.clock.now(), "quiet": time.is_quiet, "moments": moved.moments, "posts": moved.posts}

    async def _moved(self, time: ManualTime, move: Move) -> Moved:
        now = self._world.clock.now()
        match move:
            case Move(advance_s=float(stretch), advance_to=None, run_until_quiet=False):
                return await time.advance_to(now + stretch)
            case Move(advance_s=None, advance_to=float() | datetime() as point, run_until_quiet=False):
                return await time.advance_to(_later(point, now))
            case Move(advance_s=None, advance_to=None, run_until_quiet=True):
                return await time.run_until_quiet(move.at_most_s)
        raise Refused('say how far: {"advance_s": …}, {"advance_to": …} or {"run_until_quiet": true}')


def _later(point: float | datetime, now: float) -> float:
    if isinstance(point, datetime):
        if point.tzinfo is None:
            raise Refused("advance_to needs a time zone, like 2027-01-31T12:00:00Z")
        point = point.timestamp()
    if not now <= point <= LATEST:
        raise Refused(f"advance_to is before the clock's {now}, or absurdly late; time goes only forwards")
    return point
