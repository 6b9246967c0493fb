"""The demo in order: set the scene, let people write, send, wait until all is quiet, judge."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server.cli.demo import cuts
from server.cli.demo.customer import CONNECTIONS, Customer, Json
from server.cli.demo.progress import Counts, Progress
from server.cli.demo.scene import PEOPLE, Pair, Scene, let_people_write, set_scene
from server.cli.demo.verdict import Evidence, Verdict, judge
from server.cli.up.machine import Machine
from server.cli.up.simulated_meta import SimulatedMeta

TEXTS_EACH = 2
"""What a pair has sent at once it must wait off before it may send again (Meta: pair rate limits): so a few only."""
GOAL = Counts(*(4 * (PEOPLE * TEXTS_EACH,)), replies=PEOPLE * TEXTS_EACH // 2)
WATCHDOG_S = 120.0
"""What is not there after this time will not come; the verdict then says what is missing."""
_NO_MORE_WILL_COME = ("held", "failed")
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict, what became of the cut connections, and the timeline of one message to show."""

    verdict: Verdict
    cut: cuts.Cuts
    timeline: Json
    key: str
    number_id: UUID


async def tell(machine: Machine) -> Outcome:
    """Raises CannotRun and Refusal."""
    voice = machine.voice
    scene, _ = await asyncio.gather(set_scene(machine), machine.wait_ready())
    async with Customer(machine.api_url, scene.key) as customer:
        voice.stage(f"{PEOPLE} people write")
        meta = await let_people_write(machine, scene)
        await until_windows_are_open(customer)
        faults = cuts.rules([pair.wa_id for pair in scene.pairs])
        await asyncio.to_thread(meta.plan_faults, faults)
        voice.stage(f"Sending {GOAL.accepted} texts, and cutting {len(faults)} connections on the way")
        with Progress(voice, GOAL) as progress:
            accepted = await send_all(customer, scene, progress)
            shown = await until_quiet(customer, meta, frozenset(accepted), progress)
        evidence = Evidence(
            frozenset(accepted),
            shown,
            await asyncio.to_thread(meta.ledger),
            await asyncio.to_thread(meta.summary),
        )
        verdict = judge(evidence, greetings=PEOPLE)
        cut = cuts.resolved(evidence.ledger, shown)
        timeline = await customer.timeline(cut.example or accepted[-1])
        return Outcome(verdict, cut, timeline, scene.key, scene.pairs[0].number_id)


async def until_windows_are_open(customer: Customer) -> None:
    """Until every greeting is stored. Sending would be refused before."""

    async def all_open() -> bool:
        conversations = await customer.conversations()
        return len([c for c in conversations if c["window"]["open"]]) >= PEOPLE

    await _until(all_open)


async def send_all(customer: Customer, scene: Scene, progress: Progress) -> list[UUID]:
    """The texts to everyone, over several connections; the ids in the order of their acceptance."""
    wanted = iter([(pair, number) for number in range(1, TEXTS_EACH + 1) for pair in scene.pairs])
    accepted: list[UUID] = []

    async def connection() -> None:
        for pair, number in wanted:
            accepted.append(await _send(customer, pair, number))
            progress.show(Counts(accepted=len(accepted)))

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return accepted


async def _send(customer: Customer, pair: Pair, number: int) -> UUID:
    return await customer.send(
        sender=pair.number_id,
        to=pair.wa_id,
        body=f"Hello {pair.name}, this is note {number} of {TEXTS_EACH} about your order.",
        reference=f"{pair.name.replace(' ', '-')}-{number}",
    )


async def until_quiet(
    customer: Customer, meta: SimulatedMeta, accepted: frozenset[UUID], progress: Progress
) -> list[Json]:
    """All messages, once everything is read here and the simulator owes nothing; or what there is in the end."""
    shown: list[Json] = []

    async def quiet() -> bool:
        # The summary first: what it knows to be told must then be in the messages.
        summary = await asyncio.to_thread(meta.summary)
        shown[:] = await customer.messages()
        counts = count(shown, accepted)
        progress.show(counts)
        return is_over(summary, counts, shown)

    await _until(quiet)
    return shown


def count(shown: list[Json], accepted: frozenset[UUID]) -> Counts:
    """How far the messages are that the API shows."""
    times = [m["times"] for m in shown if m["direction"] == "outbound"]
    return Counts(
        accepted=len(accepted),
        sent=sum(t["sent_at"] is not None for t in times),
        delivered=sum(t["delivered_at"] is not None for t in times),
        read=sum(t["read_at"] is not None for t in times),
        replies=sum(m["direction"] == "inbound" for m in shown) - PEOPLE,
    )


def is_over(summary: dict[str, Any], counts: Counts, shown: list[Json]) -> bool:
    """Nothing is under way at Meta, everything that Meta told is applied here, and what is not read will not be."""
    under_way: int = summary["scheduled"] + summary["webhooks"]["pending_updates"]
    written: int = summary["inbound"]["emitted"]
    stored = sum(m["direction"] == "inbound" for m in shown)
    left = sum(m["direction"] == "outbound" and m["state"] in _NO_MORE_WILL_COME for m in shown)
    return under_way == 0 and stored == written and counts.read + left >= counts.accepted


async def _until(condition: Callable[[], Any]) -> None:
    """Looks until it holds, or until the watchdog barks: what is missing is for the verdict to say."""
    deadline = time.monotonic() + WATCHDOG_S
    while not await condition() and time.monotonic() < deadline:  # noqa: ASYNC110 - only looking tells
        await asyncio.sleep(_LOOK_EVERY_S)
