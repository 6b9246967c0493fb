"""A real simulator process, a tiny product that receives its webhooks, and what both need to meet."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import re
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from tests.harness.forks import Fork, Zygote

APP, WABA, NUMBER = "100000000000001", "200000000000002", "300000000000003"
DISPLAY, ANN = "+1 555-010-0000", "15550100001"
SECRET, VERIFY, TOKEN = "an app secret of tests", "a verify token of tests", "EAAtokenOfTheTests0001"
PATIENCE_S = 120.0
ANNOUNCED = re.compile(r"simulator listening on (http://.+)\n")
Process = asyncio.subprocess.Process | Fork


@dataclass
class Received:
    """One POST as it came in, and what it was answered with."""

    body: bytes
    headers: dict[str, str]
    answered: int

    @property
    def changes(self) -> list[dict]:
        payload = json.loads(self.body)
        return [change for entry in payload["entry"] for change in entry["changes"]]

    @property
    def updates(self) -> list[dict]:
        values = [change["value"] for change in self.changes]
        return [update for value in values for update in value.get("statuses", value.get("messages", []))]


@dataclass
class Receiver:
    """The product's webhook endpoint. `answers` are given first, then always 200."""

    url: str = ""
    posts: list[Received] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    handshakes: list[dict[str, str]] = field(default_factory=list)
    challenge_answer: Callable[[str], web.Response] = field(default=lambda text: web.Response(text=text))
    hold: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            self.handshakes.append(dict(request.query))
            return self.challenge_answer(request.query["hub.challenge"])
        body = await request.read()
        if self.hold is not None:
            await self.hold.wait()
        answered = self.answers.popleft() if self.answers else 200
        self.posts.append(Received(body, dict(request.headers), answered))
        return web.Response(status=answered)

    @property
    def accepted(self) -> list[dict]:
        """The statuses and messages of all POSTs that were answered with 200, in order."""
        return [update for post in self.posts if post.answered == 200 for update in post.updates]

    def statuses_of(self, wamid: str) -> list[str]:
        return [update["status"] for update in self.accepted if update["id"] == wamid and "status" in update]

    async def until(self, condition: Callable[[], object]) -> None:
        await until(condition)


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true, with a deadline that only a defect reaches."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def is_signed(post: Received, secret: str = SECRET) -> bool:
    wanted = "sha256=" + hmac.new(secret.encode(), post.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(post.headers["X-Hub-Signature-256"], wanted)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict:
        return json.loads(self.text)

    @property
    def error(self) -> dict:
        return self.json["error"]


@dataclass
class Simulator:
    """A running process and a client for it."""

    process: Process
    address: str
    session: aiohttp.ClientSession
    ledger_after: int = 0

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self.session.request(method, self.address + path, data=data, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.text())

    async def control(self, method: str, path: str, body: object = None) -> dict:
        answer = await self.call(method, f"/_sim/{path}", body)
        assert answer.status == 200, answer.text
        return answer.json

    async def graph(self, method: str, path: str, body: object = None, token: str | None = TOKEN) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.call(method, path, body, **headers)

    async def send(self, body: str = "hello", *, to: str = f"+{ANN}", **more: object) -> Answer:
        request = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}, **more}
        return await self.graph("POST", f"/v26.0/{NUMBER}/messages", request)

    async def configure(self, callback_url: str) -> None:
        """One app, account, number, token and person; the window is not in the way of what is tested."""
        callback = {"callback_url": callback_url, "verify_token": VERIFY}
        await self.control("PUT", f"apps/{APP}", {"name": "App", "app_secret": SECRET, **callback})
        await self.control("PUT", f"wabas/{WABA}", {"name": "Business", "subscribed_apps": [APP]})
        number = {"waba_id": WABA, "display_phone_number": DISPLAY, "verified_name": "Business"}
        await self.control("PUT", f"numbers/{NUMBER}", number)
        await self.control("POST", "tokens", {"token": TOKEN, "app_id": APP, "waba_ids": [WABA]})
        await self.control("PUT", "settings", {"closed_window": "allow"})
        await self.control("PUT", f"people/{ANN}", {"name": "Ann"})

    async def ledger(self) -> list[dict]:
        return (await self.control("GET", f"ledger?after={self.ledger_after}&limit=10000"))["entries"]

    async def until_ledger(self, wanted: Callable[[dict], bool]) -> None:
        """Wait for an entry of that kind."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(wanted(entry) for entry in await self.ledger()):
                await asyncio.sleep(0.02)

    async def quiet(self) -> dict:
        """The summary, once nothing is owed and nothing is scheduled."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                summary = await self.control("GET", "ledger/summary")
                if not summary["scheduled"] and not summary["webhooks"]["pending_updates"]:
                    return summary
                await asyncio.sleep(0.02)

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


Start = Callable[..., object]


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_route("*", "/webhook", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    yield made
    if made.hold is not None:
        made.hold.set()
    await runner.cleanup()


@contextlib.asynccontextmanager
async def starting(begin: Callable[..., Awaitable[tuple[Process, str]]]) -> AsyncIterator[Start]:
    """Starts processes; whatever still runs at the end of the test is killed. `begin` returns one and its address."""
    started: list[Simulator] = []
    async with contextlib.AsyncExitStack() as stack:

        async def start(*arguments: str, time_scale: float | None = 20, **options: object) -> Simulator:
            scale = () if time_scale is None else ("--time-scale", str(time_scale))
            process, address = await begin(*scale, *arguments, **options)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            started.append(Simulator(process, address, session))
            return started[-1]

        yield start
        for simulator in started:
            if simulator.process.returncode is None:
                simulator.process.kill()
                await simulator.process.wait()


async def launch(*arguments: str, env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()):
    """The bare process, for those who want to see it fail."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=pass_fds,
        env={**os.environ, **(env or {})},
    )


async def exec_simulator(*arguments: str, **options: Any) -> tuple[Process, str]:
    process = await launch(*arguments, **options)
    line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
    announced = ANNOUNCED.match(line.decode())
    assert announced, await process.stderr.read()
    return process, announced[1]


def forker(zygote: Zygote, folder: Path) -> Callable[..., Awaitable[tuple[Process, str]]]:
    """Forks simulators, which takes a tenth of the time; each has a log in the folder."""
    logs = itertools.count()

    async def fork_simulator(*arguments: str) -> tuple[Process, str]:
        log = folder / f"{next(logs)}.log"
        log.touch()
        fork = await zygote.fork(arguments, os.environ, log)
        async with asyncio.timeout(PATIENCE_S):
            while not (announced := ANNOUNCED.search(log.read_text())):
                assert not fork.ended.done(), log.read_text()
                await asyncio.sleep(0.005)
        return fork, announced[1]

    return fork_simulator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def simulator_zygote(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Zygote]:
    zygote = await Zygote.start("simulator", tmp_path_factory.mktemp("zygote") / "zygote.log")
    yield zygote
    await zygote.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def start_simulator(simulator_zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Start]:
    async with starting(forker(simulator_zygote, tmp_path_factory.mktemp("simulator"))) as start:
        yield start


@pytest.fixture
async def exec_simulators() -> AsyncIterator[Start]:
    """As `start_simulator`, with a Python of its own for each, and what only a new process can be given."""
    async with starting(exec_simulator) as start:
        yield start


@pytest.fixture(scope="module")
async def shared_simulator(
    simulator_zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Simulator]:
    """One for all tests of a file, for those that leave its configuration as it is."""
    folder = tmp_path_factory.mktemp("shared-simulator")
    async with receiving() as receiver, starting(forker(simulator_zygote, folder)) as start:
        running = await start()
        await running.configure(receiver.url)
        yield running


@pytest.fixture
async def quiet_simulator(shared_simulator: Simulator) -> Simulator:
    """The shared one without faults, limits and anything under way; its ledger seems to begin with the test."""
    limits = dict.fromkeys(("throughput", "pair", "messaging", "calls"), "off")
    await shared_simulator.control("PUT", "settings", {"closed_window": "allow", "limits": limits})
    await shared_simulator.control("DELETE", "faults")
    shared_simulator.ledger_after = (await shared_simulator.quiet())["last_seq"]
    return shared_simulator


@pytest.fixture
async def simulator(start_simulator: Start, receiver: Receiver) -> Simulator:
    """Running, configured, shaken hands with the receiver, twenty times as fast as life."""
    running = await start_simulator()
    await running.configure(receiver.url)
    return running


@pytest.fixture
def signed() -> Callable[..., bool]:
    return is_signed


@pytest.fixture
def wait_until() -> Callable[..., object]:
    return until


@pytest.fixture
def launch_process() -> Callable[..., object]:
    return launch
