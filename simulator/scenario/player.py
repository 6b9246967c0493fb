"""Plays a scenario: sets the world up over the control API, then lets its story happen in simulated time.

Made by `process.py`. Whatever a scenario does, anybody could do with curl.
"""

from __future__ import annotations

import json
import logging
from functools import partial

import aiohttp

from simulator.errands import Errands
from simulator.errors import CannotStart
from simulator.randomness import Streams
from simulator.scenario.file import SOMEBODY, Beat, Call, Scenario, set_up
from simulator.scheduler import Scheduler

log = logging.getLogger("simulator.scenario")


class Player:
    def __init__(
        self, scenario: Scenario, address: str, *, scheduler: Scheduler, errands: Errands, streams: Streams
    ) -> None:
        self._scenario = scenario
        self._address = address
        self._scheduler = scheduler
        self._errands = errands
        self._chance = streams.stream("scenario")
        self._people = scenario.wa_ids()
        self._session = aiohttp.ClientSession()

    async def set_up(self, callback: str | None) -> None:
        """Raises CannotStart when the control API refuses something of it."""
        for call in set_up(self._scenario, callback=callback):
            refusal = await self._refusal(call)
            if refusal is not None:
                raise CannotStart(f"the scenario cannot be set up: {call.method} /_sim/{call.path}: {refusal}")

    def begin(self) -> None:
        """From now on its story happens by itself."""
        for beat in self._scenario.story:
            self._scheduler.after(beat.after_s, partial(self._happen, beat, beat.times or 0))

    async def close(self) -> None:
        """Twice is fine."""
        await self._session.close()

    def _happen(self, beat: Beat, left: int) -> None:
        """`left`: how often it still happens, this time included; 0 without end."""
        method, _, path = beat.call.partition(" /_sim/")
        if SOMEBODY in path:
            path = path.replace(SOMEBODY, self._chance.choice(self._people) if self._people else "0")
        body = self._chance.choice(beat.bodies)
        self._errands.send(partial(self._try, Call(method, path, body)))
        if beat.every_s is not None and left != 1:
            self._scheduler.after(beat.every_s, partial(self._happen, beat, max(left - 1, 0)))

    async def _try(self, call: Call) -> None:
        try:
            refusal = await self._refusal(call)
        except (aiohttp.ClientError, OSError) as error:  # the door is shut, by a planned fault or because it ends
            refusal = type(error).__name__
        if refusal is not None:
            log.warning("the story goes on without %s /_sim/%s: %s", call.method, call.path, refusal)

    async def _refusal(self, call: Call) -> str | None:
        url = f"{self._address}/_sim/{call.path}"
        body = json.dumps(call.body).encode()
        async with self._session.request(call.method, url, data=body) as answer:
            if answer.status < 400:
                return None
            told = await answer.json(content_type=None)
            return str(told["error"]["message"]) if isinstance(told, dict) and "error" in told else str(answer.status)
