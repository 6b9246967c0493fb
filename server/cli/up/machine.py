"""One machine from its lock to its last process: what `treeex up` and `treeex demo` run in.

`run_machine` is its whole life. What happens between start and stop is the caller's `body`.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib import import_module

from server.cli.supervisor import ChildFailed, Supervisor
from server.cli.up import children
from server.cli.up.claim import Claim, Running
from server.cli.up.database import DatabaseUrls, database_urls, prepare_database
from server.cli.up.errors import CannotRun
from server.cli.up.keyring import ensure_keyring
from server.cli.up.leftovers import end_leftovers
from server.cli.up.listeners import listen, url_of
from server.cli.up.plan import Plan, child_environment
from server.cli.up.servers import Servers
from server.cli.up.signals import Leave, Signals
from server.cli.up.voice import Voice
from server.core.config import Settings
from server.embedded import prepare_data_dir

READY_WITHIN_S = 90.0
"""Generous: a small machine under load takes its time, and a child that fails is told at once."""
_NEEDED_SOON = ("server.migrations.runner", "server.bootstrap")

Body = Callable[["Machine"], Awaitable[int]]
"""What to do with a machine whose processes are starting; its exit status. Cancelled when the user wants to leave."""


class Machine:
    """The servers, sockets and processes of one data directory."""

    def __init__(self, plan: Plan, voice: Voice, claim: Claim, servers: Servers) -> None:
        self.plan = plan
        self.voice = voice
        self.supervisor = Supervisor(voice.warn)
        self._claim = claim
        self._servers = servers
        self._listeners: dict[str, socket.socket] = {}

    def listen(self) -> None:
        """Opens the sockets before anything slow begins. Raises CannotRun."""
        settings = self.plan.settings
        self._listeners["api"] = listen(settings.host, settings.port, "--port")
        if self.plan.simulator:
            self._listeners["simulator"] = listen("127.0.0.1", settings.simulator_port, "--simulator-port")

    def close(self) -> None:
        """Gives the ports back."""
        for listener in self._listeners.values():
            listener.close()

    @property
    def api_url(self) -> str:
        return url_of(self._listeners["api"])

    @property
    def simulator_url(self) -> str | None:
        """None when this machine has none."""
        listener = self._listeners.get("simulator")
        return url_of(listener) if listener else None

    @property
    def settings(self) -> Settings:
        """The user's settings with all that this machine decides, for use in this process."""
        settings = self.plan.settings
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        return Settings.model_validate({**given, **self._values(self._urls()), "data_dir": self.plan.data_dir})

    async def start(self) -> None:
        """Prepares the database and starts every process; does not wait for them. Raises CannotRun."""
        urls = self._urls()
        environment = child_environment(self.plan, self._values(urls))
        if self.plan.simulator:
            self.voice.stage("Starting the simulator")
            self.supervisor.start(
                children.simulator(environment, self.plan.data_dir, self._listeners["simulator"]),
            )
        self.voice.stage("Preparing the database")
        await prepare_database(urls, self._servers.postgres)
        self.voice.stage("Starting the API and the workers")
        self.supervisor.start(
            children.api(environment, self.plan.data_dir, self._listeners["api"]),
            *(children.worker(environment, self.plan.data_dir, role) for role in children.WORKERS),
        )

    async def wait_simulator(self) -> None:
        """Waits for the simulator alone. Raises CannotRun."""
        await self._wait("simulator")

    async def wait_ready(self) -> None:
        """Waits for all processes, then lets other commands find them. Raises CannotRun."""
        await self._wait()
        urls = self._urls()
        known = {**self._values(urls), **({"admin_database_url": urls.admin} if urls.admin else {})}
        self._claim.publish(
            Running(
                pid=os.getpid(),
                api_url=self.api_url,
                simulator_url=self.simulator_url,
                started_at=datetime.now(UTC).isoformat(timespec="seconds"),
                settings=known,
            )
        )

    async def _wait(self, *names: str) -> None:
        try:
            await self.supervisor.wait_ready(*names, timeout_s=READY_WITHIN_S)
        except ChildFailed as failure:
            raise CannotRun(str(failure)) from failure

    async def keep_servers(self) -> None:
        await self._servers.keep(self.voice.warn)

    def _urls(self) -> DatabaseUrls:
        return database_urls(self.plan, self._servers.postgres)

    def _values(self, urls: DatabaseUrls) -> dict[str, str]:
        """The settings that this machine decides, by name."""
        host, port = self._listeners["api"].getsockname()[:2]
        values = {"database_url": urls.api, "worker_database_url": urls.worker, "host": host, "port": str(port)}
        if self._servers.valkey_url is not None:
            values["valkey_url"] = self._servers.valkey_url
        if (keyring := ensure_keyring(self.plan)) is not None:
            values["keyring_file"] = str(keyring)
        if self.simulator_url is not None:
            values["graph_url"] = self.simulator_url
        return values


def run_machine(plan: Plan, voice: Voice, body: Body) -> int | None:
    """Starts everything, runs `body`, stops everything. None when the user left before `body` had ended.

    Raises CannotRun, EmbeddedError or KeyringInvalid, each one sentence for the user, and what `body` raises.
    """
    with Signals() as signals, ExitStack() as stack:
        try:
            with signals.raising():
                machine = _claim_and_start_servers(plan, voice, stack, signals)
        except Leave:
            voice.stage("Stopping")
            return None
        return asyncio.run(_live(machine, body, signals))


def _claim_and_start_servers(plan: Plan, voice: Voice, stack: ExitStack, signals: Signals) -> Machine:
    prepare_data_dir(plan.data_dir)
    claim = Claim.take(plan.data_dir)
    stack.callback(claim.release)
    if claim.after_a_kill and (count := end_leftovers(plan.data_dir)):
        voice.warn(f"The last `treeex up` was killed; ended {count} processes that it left")
    servers = Servers(plan, voice.stage)
    stack.callback(_stop_servers, servers, signals)
    machine = Machine(plan, voice, claim, servers)
    stack.callback(machine.close)
    machine.listen()
    ensure_keyring(plan)
    children.begin_logs(plan.data_dir)
    _import_meanwhile()
    servers.start()
    return machine


def _stop_servers(servers: Servers, signals: Signals) -> None:
    try:
        with signals.raising_again():
            servers.stop()
    except Leave:
        servers.stop(hard=True)


def _import_meanwhile() -> None:
    """The database programs work in processes of their own; meanwhile this one reads what it needs next."""

    def read() -> None:
        for name in _NEEDED_SOON:
            import_module(name)

    threading.Thread(target=read, name="imports", daemon=True).start()


async def _live(machine: Machine, body: Body, signals: Signals) -> int | None:
    loop, leave = asyncio.get_running_loop(), asyncio.Event()

    def react(ordinal: int) -> None:
        loop.call_soon_threadsafe(leave.set)
        if ordinal > 1:
            loop.call_soon_threadsafe(machine.supervisor.kill)

    with signals.told_to(react):
        working = asyncio.ensure_future(_work(machine, body))
        leaving = asyncio.create_task(leave.wait())
        keeping = asyncio.create_task(machine.keep_servers())
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        machine.voice.stage("Stopping")
        for task in (working, leaving, keeping):
            task.cancel()
        with suppress(BaseException):
            await asyncio.gather(working, leaving, keeping, return_exceptions=True)
        await machine.supervisor.stop()
        # Threads that still ask a child for something now hear at once that nobody will answer.
        machine.close()
        return None if working.cancelled() else working.result()


async def _work(machine: Machine, body: Body) -> int:
    await machine.start()
    return await body(machine)
