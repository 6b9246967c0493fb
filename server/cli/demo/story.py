"""The demo in order: set the scene, let people write, send, wait until all is quiet, judge."""

import asyncio
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from server.cli.demo import cuts
from server.cli.demo.contents import FILES
from server.cli.demo.customer import CONNECTIONS, Customer, Json, Refusal
from server.cli.demo.errands import Errand, goal_of, plan
from server.cli.demo.people import NO_MORE_WILL_COME, People
from server.cli.demo.progress import Counts, Progress
from server.cli.demo.scene import GREETINGS, PEOPLE, let_people_write, set_scene
from server.cli.demo.verdict import ONLY_SENT, Evidence, Verdict, judge
from server.cli.up.machine import Machine
from server.cli.up.simulated_meta import SimulatedMeta

WATCHDOG_S = 120.0
"""What is not there after this time will not come; the verdict then says what is missing."""
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict, what became of the cut connections, and the timeline of one message to show."""

    verdict: Verdict
    cut: cuts.Cuts
    timeline: Json
    key: str


async def tell(machine: Machine) -> Outcome:
    """Raises CannotRun and Refusal."""
    voice = machine.voice
    scene, _ = await asyncio.gather(set_scene(machine), machine.wait_ready())
    async with Customer(machine.api_url, scene.key) as customer:
        voice.stage(f"{PEOPLE} people write")
        meta = await let_people_write(machine, scene)
        greetings = await until_windows_are_open(customer)
        errands = list(plan(scene.pairs, greetings, await upload(customer, meta)))
        faults = cuts.rules([pair.wa_id for pair in scene.pairs])
        await asyncio.to_thread(meta.plan_faults, faults)
        voice.stage(_announced(errands, len(faults)))
        goal = goal_of(errands)
        with Progress(voice, goal) as progress:
            accepted = await send_all(customer, errands, progress)
            shown = await until_quiet(customer, meta, accepted, progress)
        files = await fetched(customer, shown)
        evidence = await asyncio.to_thread(_evidence, meta, accepted, shown, files)
        verdict = judge(evidence, greetings=GREETINGS, replies=goal.replies)
        cut = cuts.resolved(evidence.ledger, shown)
        timeline = await customer.timeline(cut.example or list(accepted)[-1])
        return Outcome(verdict, cut, timeline, scene.key)


def _announced(errands: Sequence[Errand], faults: int) -> str:
    kinds = len({errand.kind.name for errand in errands})
    return f"Sending {len(errands)} messages of {kinds} types, and cutting {faults} connections on the way"


def _evidence(
    meta: SimulatedMeta, accepted: Mapping[UUID, Errand], shown: Sequence[Json], files: Mapping[str, str]
) -> Evidence:
    return Evidence(
        accepted={id_: errand.asked for id_, errand in accepted.items()},
        shown=shown,
        ledger=meta.ledger(),
        summary=meta.summary(),
        marked=frozenset(errand.occasion.greeting for errand in accepted.values() if errand.typing_after),
        files=files,
    )


async def until_windows_are_open(customer: Customer) -> list[Json]:
    """Until every greeting is stored; what they are. Sending would be refused before. Raises Refusal."""
    shown: list[Json] = []

    async def all_open() -> bool:
        conversations = await customer.conversations()
        shown[:] = await customer.messages()
        return len([c for c in conversations if c["window"]["open"]]) >= PEOPLE and len(shown) >= GREETINGS

    if not await _until(all_open):
        raise Refusal(f"the API shows {len(shown)} of {GREETINGS} messages that people wrote")
    return shown


async def upload(customer: Customer, meta: SimulatedMeta) -> dict[str, str]:
    """Every file that messages need, once; their ids by their names."""
    contents = await asyncio.gather(*(asyncio.to_thread(meta.sample, name) for name in FILES))
    ids = [await customer.upload(*file, content) for file, content in zip(FILES.items(), contents, strict=True)]
    return dict(zip(FILES, ids, strict=True))


async def send_all(customer: Customer, errands: Sequence[Errand], progress: Progress) -> dict[UUID, Errand]:
    """Over several connections; by the ids in the order of their acceptance."""
    wanted = iter(errands)
    accepted: dict[UUID, Errand] = {}

    async def connection() -> None:
        for errand in wanted:
            if errand.typing_after is not None:
                await customer.begin_typing(errand.typing_after)
            accepted[await customer.send(errand.command)] = errand
            progress.show(Counts(accepted=len(accepted)))

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return accepted


async def until_quiet(
    customer: Customer, meta: SimulatedMeta, accepted: Mapping[UUID, Errand], progress: Progress
) -> list[Json]:
    """All messages, once everything has its end here and the simulator owes nothing; or what there is in the end."""
    shown: list[Json] = []
    people = People(meta, {id_: errand.pair for id_, errand in accepted.items() if errand.is_second})

    async def quiet() -> bool:
        # The summary first: what it knows to be told must then be in the messages.
        summary = await asyncio.to_thread(meta.summary)
        shown[:] = await customer.messages()
        progress.show(count(shown, len(accepted)))
        if await people.answer(shown):
            return False  # what comes of it is neither in the summary nor in the messages
        return people.are_done(shown) and is_over(summary, len(accepted), shown)

    await _until(quiet)
    return shown


async def fetched(customer: Customer, shown: Sequence[Json]) -> dict[str, str]:
    """What the API gives as the files that people sent: SHA-256 in base64, by the ids of the messages."""
    files = {m["id"]: m["file"]["media_id"] for m in shown if m["file"] is not None and m["file"]["media_id"]}
    contents = await asyncio.gather(*(customer.file(media_id) for media_id in files.values()))
    sums = [b64encode(sha256(content).digest()).decode() for content in contents]
    return dict(zip(files, sums, strict=True))


def count(shown: list[Json], accepted: int) -> Counts:
    """How far the messages are that the API shows."""
    reached = Counter(
        name for m in shown for name in ("sent", "delivered", "read") if m["times"][f"{name}_at"] is not None
    )
    replies = sum(m["direction"] == "inbound" for m in shown) - GREETINGS
    return Counts(accepted, reached["sent"], reached["delivered"], reached["read"], replies)


def is_over(summary: dict[str, Any], accepted: int, shown: list[Json]) -> bool:
    """Nothing is under way at Meta, everything that Meta told is applied here, and what has no end will have none."""
    under_way: int = summary["scheduled"] + summary["webhooks"]["pending_updates"]
    written: int = summary["inbound"]["emitted"]
    stored = [m for m in shown if m["direction"] == "inbound"]
    if any(m["file"] is not None and m["file"]["state"] == "due" for m in stored):
        return False
    return under_way == 0 and len(stored) == written and sum(map(_has_ended, shown)) >= accepted


def _has_ended(message: Json) -> bool:
    if message["direction"] == "inbound":
        return False
    end = "sent" if message["type"] in ONLY_SENT else "read"
    return message["state"] in (*NO_MORE_WILL_COME, end, "played")


async def _until(condition: Callable[[], Awaitable[bool]]) -> bool:
    """Looks until it holds, or until the watchdog barks; whether it holds."""
    deadline = time.monotonic() + WATCHDOG_S
    while not (holds := await condition()) and time.monotonic() < deadline:  # noqa: ASYNC110 - only looking tells
        await asyncio.sleep(_LOOK_EVERY_S)
    return holds
