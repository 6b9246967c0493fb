"""How many messages a second the simulated Meta takes, each with three statuses that reach the customer.

The reference is a bare aiohttp server and client that do the same number of requests.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession

from benchmarks.customers import CONNECTIONS, Sink, clock, listening, new_session, post_messages, texts
from benchmarks.harness import Comparison, Measured, Part, Reading
from benchmarks.posting import Posted, post_all
from benchmarks.processes import Running, serving

APP, WABA, NUMBER, TOKEN = "100000000000001", "200000000000002", "300000000000003", "EAAbench0001"
PEOPLE = [f"1202555{n:04}" for n in range(1000)]
STATUSES = 3
BATCHED, UNBATCHED = 50, 1
MESSAGES = {BATCHED: 4000, UNBATCHED: 1500}
_FINISHES_WITHIN_S = 120.0
_MOST_BYTES_A_MESSAGE = 50 * 2**20 / 150_000
_STEP = 5_000


@dataclass(frozen=True, slots=True)
class Load:
    """Sends messages to a server that plays Meta, and waits for all their statuses."""

    session: ClientSession
    sink: Sink
    meta: Running

    async def run(self, messages: int) -> Measured:
        self.sink.expect(messages * STATUSES)
        began, used = clock(), self.meta.cpu_s()
        url = f"{self.meta.url}/v26.0/{NUMBER}/messages"
        await post_messages(self.session, url, TOKEN, texts(messages, PEOPLE))
        await self.sink.wait(_FINISHES_WITHIN_S)
        return Measured(messages, clock() - began, self.meta.cpu_s() - used)


@asynccontextmanager
async def simulator() -> AsyncIterator[list[Part]]:
    async with AsyncExitStack() as stack:
        parts: list[Part] = []
        for name, batch in (("batched", BATCHED), ("unbatched", UNBATCHED)):
            sink = await stack.enter_async_context(listening())
            session = await stack.enter_async_context(new_session())
            ours = await stack.enter_async_context(serving("simulator", "--seed", "1"))
            await set_up(session, ours.url, sink.url, batch)
            bare = await stack.enter_async_context(
                serving(
                    "benchmarks.references.meta",
                    *("--callback", sink.url, "--updates", str(STATUSES), "--batch", str(batch)),
                )
            )
            parts.append(_comparison(name, MESSAGES[batch], Load(session, sink, ours), Load(session, sink, bare)))
        yield parts


@dataclass(frozen=True, slots=True)
class Looks:
    """After how many messages the size of the process is read."""

    first: int
    last: int


WHOLE = Looks(50_000, 200_000)
QUICK = Looks(25_000, 75_000)


@dataclass(slots=True)
class Growth:
    """How much larger the process gets between two looks."""

    sink: Sink
    meta: Running
    looks: Looks
    grown_mib: float = 0.0

    async def mib(self) -> float:
        await self._send(self.looks.first)
        before = self.meta.resident_mib()
        await self._send(self.looks.last - self.looks.first)
        self.grown_mib = self.meta.resident_mib() - before
        return self.grown_mib

    async def bytes_a_message(self) -> float:
        """Of what was measured."""
        return self.grown_mib * 2**20 / (self.looks.last - self.looks.first)

    async def _send(self, messages: int) -> None:
        path = f"/v26.0/{NUMBER}/messages"
        for _ in range(0, messages, _STEP):
            self.sink.expect(_STEP * STATUSES)
            bodies = [Posted.make(path, body, Authorization=f"Bearer {TOKEN}") for body in texts(_STEP, PEOPLE)]
            await post_all(self.meta.url, bodies, connections=CONNECTIONS)
            await self.sink.wait(_FINISHES_WITHIN_S)


@asynccontextmanager
async def simulator_memory(looks: Looks = WHOLE) -> AsyncIterator[list[Part]]:
    async with listening() as sink, new_session() as session, serving("simulator", "--seed", "1") as ours:
        await set_up(session, ours.url, sink.url, BATCHED)
        growth = Growth(sink, ours, looks)
        most_mib = _MOST_BYTES_A_MESSAGE * (looks.last - looks.first) / 2**20
        yield [
            Reading("growth", "MiB", growth.mib, most_mib),
            Reading("a message", "bytes", growth.bytes_a_message, _MOST_BYTES_A_MESSAGE),
        ]


def _comparison(name: str, messages: int, ours: Load, bare: Load) -> Comparison:
    return Comparison(name, "messages/s", lambda: ours.run(messages), lambda: bare.run(messages), bar=0.5)


async def set_up(session: ClientSession, url: str, callback: str, batch: int) -> None:
    """An account, a number that is fast enough, people who read at once; limits are counted, in nobody's way."""
    await put(session, f"{url}/_sim/apps/{APP}", {"app_secret": "bench", "callback_url": callback, "verify_token": "v"})
    await put(session, f"{url}/_sim/wabas/{WABA}", {"subscribed_apps": [APP]})
    number = {"waba_id": WABA, "display_phone_number": "+1 555-010-0000", "throughput_mps": 100_000}
    await put(session, f"{url}/_sim/numbers/{NUMBER}", number)
    async with session.post(f"{url}/_sim/tokens", json={"token": TOKEN, "app_id": APP, "waba_ids": [WABA]}) as answer:
        assert answer.status == 200, await answer.text()
    settings = {
        "webhook_batch": batch,
        "webhook_window_s": 0.1 if batch > 1 else 0,  # long enough for full POSTs, of which the reference makes as many
        "sent_delay_s": [0, 0],
        "delivered_delay_s": [0, 0],
        "closed_window": "allow",
        "pair_interval_s": 0.001,
    }
    await put(session, f"{url}/_sim/settings", settings)
    for wa_id in PEOPLE:
        behaviour = {"reads": True, "read_delay_s": 0}
        await put(session, f"{url}/_sim/people/{wa_id}", {"name": "Ada", "behaviour": behaviour})


async def put(session: ClientSession, url: str, body: object) -> None:
    async with session.put(url, json=body) as answer:
        assert answer.status == 200, await answer.text()
