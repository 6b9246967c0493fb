"""The life of the simulator's process: socket, ready line, signals, the parent that may vanish, a quick end.

Called by `cli.py`. It stops within three seconds whatever is under way; what is owed stays in the data directory.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from simulator.app import create_app
from simulator.clock import Clock, ClockKind, ManualClock
from simulator.data_directory import DataDirectory
from simulator.door import Door
from simulator.errors import CannotStart
from simulator.faults.planned import PlannedFaults, faults_from_file
from simulator.scenario.file import Scenario, load
from simulator.scenario.player import Player
from simulator.world import World

log = logging.getLogger("simulator")

PARENT_VARIABLE = "TREEEX_PARENT_PID"

_SHUTDOWN_S = 1.0
_PARENT_CHECK_S = 1.0
_BACKLOG = 1024
# Messages are kept by the ten thousand and are in no cycles: looking for some after each 700 objects finds nothing.
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


@dataclass(frozen=True, slots=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 0
    fd: int | None = None
    data: Path | None = None
    faults: Path | None = None
    seed: int = 0
    clock: ClockKind = "real"
    time_scale: float = 1.0
    scale_points: bool = False
    start_at: float | None = None
    scenario: str | None = None
    callback: str | None = None
    parent_pid: int | None = None


def run(options: Options, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent; `announce` gets the address once it answers.

    Raises:
        CannotStart: the socket, the data directory, the file of faults or the scenario cannot be used.
    """
    scenario = load(options.scenario) if options.scenario is not None else None
    planned = faults_from_file(options.faults) if options.faults is not None else []
    listener = inherited_socket(options.fd) if options.fd is not None else bound_socket(options.host, options.port)
    data = DataDirectory(options.data) if options.data is not None else None
    world = World.create(data=data, seed=options.seed, clock=_clock(options))
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(world, planned, listener, options, scenario, announce))


def _clock(options: Options) -> Clock:
    if options.clock == "manual":
        return ManualClock(options.start_at)
    return Clock(options.time_scale, start_at=options.start_at, scale_points=options.scale_points)


def bound_socket(host: str, port: int) -> socket.socket:
    """Raises CannotStart when the address is unknown, taken or forbidden."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotStart(
            f"cannot listen on {host} port {port}: {reason}; choose another --port (0 takes any free one) or --host"
        ) from error
    return listener


def inherited_socket(fd: int) -> socket.socket:
    """Raises CannotStart when the descriptor is not a socket that listens."""
    try:
        listener = socket.socket(fileno=fd)
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise CannotStart(f"--fd {fd} is not an open socket; pass a listening socket to this process") from error
    if not listening or listener.family not in (socket.AF_INET, socket.AF_INET6):
        raise CannotStart(f"--fd {fd} is not a listening TCP socket; call listen() on it before passing it on")
    return listener


async def _serve(
    world: World,
    planned: PlannedFaults,
    listener: socket.socket,
    options: Options,
    scenario: Scenario | None,
    announce: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(world), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    world.faults.replace(planned)
    door = Door(runner, listener, world.faults)
    address = _address(listener)
    stack = AsyncExitStack()
    try:
        await door.open()
        if scenario is not None:
            await stack.enter_async_context(_playing(scenario, address, world, options.callback))
        announce(address)
        await _until_stopped(stop, options.parent_pid)
    finally:
        await stack.aclose()
        await door.close()
        await runner.cleanup()
    log.info("stopped")


@asynccontextmanager
async def _playing(scenario: Scenario, address: str, world: World, callback: str | None) -> AsyncIterator[None]:
    player = Player(scenario, address, scheduler=world.scheduler, errands=world.errands, streams=world.streams)
    try:
        await player.set_up(callback)
        player.begin()
        yield
    finally:
        await player.close()


async def _until_stopped(stop: asyncio.Event, parent_pid: int | None) -> None:
    while not stop.is_set():
        if parent_pid is not None and os.getppid() != parent_pid:
            log.info("the process that started the simulator is gone; stopping")
            return
        try:
            await asyncio.wait_for(stop.wait(), _PARENT_CHECK_S)
        except TimeoutError:
            continue


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
