"""The listening socket of the simulator: closed while a planned outage refuses connections, and open otherwise.

Made by `process.py`. Connections that are open stay open; what becomes of the calls on them is not decided here.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket

from aiohttp import web

from simulator.faults.active import Faults

log = logging.getLogger("simulator")

_BACKLOG = 1024
_AGAIN_AFTER_S = 0.5


class Door:
    def __init__(self, runner: web.AppRunner, listener: socket.socket, faults: Faults) -> None:
        self._runner = runner
        self._listener = listener
        self._address = listener.getsockname()
        self._faults = faults
        self._site: web.SockSite | None = None
        self._moved = asyncio.Event()
        self._moving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Let everybody in from now on, outages excepted."""
        self._faults.watch(self._moved.set)
        if self._faults.refusing() is None:
            await self._let_in()
        else:
            await self._shut()
        self._moving = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """The connections are the runner's to end."""
        if self._moving is not None:
            self._moving.cancel()
            await asyncio.gather(self._moving, return_exceptions=True)
        if self._site is None:  # who has handed the socket over may hand it to the next one
            self._listen_again()
        self._listener.close()

    async def _follow(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            try:
                await self._move(refusing=self._faults.refusing() is not None)
            except OSError as error:
                log.warning("cannot listen again: %s; trying once more", error.strerror)
                await asyncio.sleep(_AGAIN_AFTER_S)
                self._moved.set()

    async def _move(self, *, refusing: bool) -> None:
        if refusing and self._site is not None:
            await self._shut()
        elif not refusing and self._site is None:
            await self._reopen()

    async def _let_in(self) -> None:
        self._site = web.SockSite(self._runner, self._listener.dup())
        await self._site.start()

    async def _shut(self) -> None:
        if self._site is not None:
            await self._site.stop()
            self._site = None
        # Others may have the socket too, as who has handed it over; only this refuses for all of them.
        self._listener.shutdown(socket.SHUT_RDWR)
        log.info("refusing connections, as planned")

    async def _reopen(self) -> None:
        self._listen_again()
        await self._let_in()
        log.info("accepting connections again")

    def _listen_again(self) -> None:
        try:
            self._listener.bind(self._address)
        except OSError as error:
            # A port that was asked for by its number has stayed with the socket; any other has left it.
            if error.errno != errno.EINVAL:
                raise
        self._listener.listen(_BACKLOG)
