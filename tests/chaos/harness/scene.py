"""A scene: one workspace with its key and its numbers, people who wrote first, and a customer who sends to them.

Every test has a scene of its own, so that no limit, breaker or evidence of one reaches another.
"""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from server.bootstrap import admin_runtime
from server.core.config import Settings
from server.domain.enums import Scope
from server.domain.errors import Refused
from server.services.bundle import Services
from tests.chaos.harness.customer import Customer, Text
from tests.chaos.harness.judge import Judgement, judge, look
from tests.chaos.harness.meta import APP_ID, APP_SECRET, THROUGHPUT_MPS, TOKEN, VERIFY_TOKEN, Meta
from tests.chaos.harness.product import Product
from tests.chaos.harness.rows import Rows
from tests.harness.nemesis import Nemesis
from tests.harness.waiting import comes_true, until

PEOPLE = 12
DRAIN_WITHIN_S = 180.0
_SCENES = itertools.count(1)
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class World:
    """What scenes share: the servers' settings, the simulated Meta, the product, and its rows."""

    settings: Settings
    meta: Meta
    product: Product
    rows: Rows


@dataclass(frozen=True)
class Number:
    """A number of the workspace, by our id and by Meta's, and Meta's id of its account."""

    id: UUID
    meta_id: str
    waba_id: str


@dataclass
class Scene:
    """`numbers` share the people evenly. `after`: the ledger's entries up to that one are not of this scene."""

    world: World
    seed: int
    workspace_id: UUID
    numbers: tuple[Number, ...]
    people: tuple[str, ...]
    customer: Customer
    after: int
    chance: random.Random = field(init=False)
    _notes: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def number(self) -> Number:
        """The first; most scenes have no other."""
        return self.numbers[0]

    @property
    def product(self) -> Product:
        return self.world.product

    @property
    def meta(self) -> Meta:
        return self.world.meta

    def texts(self, each: int, *policies: str) -> list[Text]:
        """So many to everybody; the policies take turns."""
        policy = itertools.cycle(policies)
        return [
            Text(str(self._number_of(wa_id).id), wa_id, f"Note {next(self._notes)} of seed {self.seed}", next(policy))
            for _ in range(each)
            for wa_id in self.people
        ]

    async def send_under(self, nemesis: Nemesis, texts: Sequence[Text]) -> None:
        """Has the texts accepted in as many parts as the plan has steps, each while its step is played.

        A person's follow each other, since what is still to come when a pair's burst is over waits for its debt.
        """
        texts, steps = sorted(texts, key=lambda text: text.to), len(nemesis.plan)
        cuts = [len(texts) * part // steps for part in range(steps + 1)]
        try:
            async with asyncio.TaskGroup() as sending:
                for step, (first, after) in zip(nemesis.plan, pairwise(cuts), strict=True):
                    sending.create_task(self.customer.send_all(texts[first:after]))
                    await nemesis.play(step)
        except BaseException as error:
            error.add_note(str(nemesis))
            raise

    async def let_people_write(self) -> None:
        for wa_id in self.people:
            await self.let_one_write(wa_id)

    async def let_one_write(self, wa_id: str | None = None) -> None:
        """This one, or somebody."""
        writer = wa_id or self.chance.choice(self.people)
        await self.meta.write(writer, self._number_of(writer).meta_id, "Is my order ready?")

    async def windows_are_open(self) -> None:
        """Waits until what everybody wrote is stored. Sending would be refused before."""

        async def stored() -> bool:
            query = "SELECT count(DISTINCT contact_id) FROM messages WHERE workspace_id = $1 AND direction = 'inbound'"
            return bool(await self.world.rows.fetchval(query, self.workspace_id) == len(self.people))

        await until(stored, f"{len(self.people)} people's first messages are stored (seed {self.seed})")

    async def drain(self, within_s: float = DRAIN_WITHIN_S) -> None:
        """Until nothing is under way. What never ends is for the judge to see: it is stuck then."""
        await comes_true(self._is_quiet, patience_s=within_s)

    async def judgement(self, *, drain_within_s: float = DRAIN_WITHIN_S) -> Judgement:
        """Drains first."""
        await self.product.answers()
        await self.drain(drain_within_s)
        ledger = await self.meta.ledger(self.after)
        shown = await self.customer.messages()
        accepted = frozenset(self.customer.accepted.values())
        evidence = await look(self.world.rows, self.workspace_id, ledger=ledger, shown=shown, accepted=accepted)
        return judge(evidence, seed=self.seed)

    async def states(self) -> dict[str, int]:
        """How many messages are in each dispatch state."""
        query = "SELECT state, count(*) FROM outbox WHERE workspace_id = $1 GROUP BY state"
        return {row[0]: row[1] for row in await self.world.rows.fetch(query, self.workspace_id)}

    async def has_read(self, count: int) -> None:
        """Waits until so many messages are known to be read."""

        async def read() -> bool:
            query = "SELECT count(*) FROM messages WHERE workspace_id = $1 AND read_at IS NOT NULL"
            return bool(await self.world.rows.fetchval(query, self.workspace_id) >= count)

        await until(read, f"{count} messages are read (seed {self.seed})")

    async def reasons_to_hold(self) -> Counter[str]:
        """Why messages are held, and how many for each reason."""
        query = (
            "SELECT wait_reason, count(*) FROM outbox WHERE workspace_id = $1 AND state = 'held' GROUP BY wait_reason"
        )
        return Counter({row[0]: row[1] for row in await self.world.rows.fetch(query, self.workspace_id)})

    async def doubtful(self) -> set[str]:
        """The messages of which a try came to nothing clear."""
        query = "SELECT message_id::text FROM message_attempts WHERE workspace_id = $1 AND outcome = 'ambiguous'"
        return {row[0] for row in await self.world.rows.fetch(query, self.workspace_id)}

    async def ends_without_doubt(self) -> None:
        """Waits until each try came to something clear. A status may come before the answer to the send."""

        async def clear() -> bool:
            return not await self.doubtful()

        await until(clear, f"no try is left in doubt (seed {self.seed})")

    async def outcomes(self) -> Counter[str]:
        """How many tries came to what."""
        query = "SELECT outcome, count(*) FROM message_attempts WHERE workspace_id = $1 GROUP BY outcome"
        return Counter({row[0]: row[1] for row in await self.world.rows.fetch(query, self.workspace_id)})

    async def is_sending(self) -> bool:
        """Whether a message may be on the wire."""
        return "sending" in await self.states()

    async def is_in_doubt(self) -> bool:
        """Whether a message was found of which nobody knows whether it was sent."""
        return bool(await self.events("message.unknown"))

    async def nothing_idles(self) -> bool:
        """Whether no sender has a transaction open and does nothing in it."""
        query = """SELECT count(*) FROM pg_stat_activity
                   WHERE application_name = 'treeex worker outbound' AND state LIKE 'idle in%'"""
        return bool(await self.world.rows.fetchval(query) == 0)

    async def events(self, type_: str) -> list[str]:
        """The messages that the feed has such an event of."""
        query = "SELECT subject_id::text FROM events WHERE workspace_id = $1 AND type = $2"
        return [row[0] for row in await self.world.rows.fetch(query, self.workspace_id, type_)]

    def _number_of(self, wa_id: str) -> Number:
        return self.numbers[self.people.index(wa_id) % len(self.numbers)]

    async def _is_quiet(self) -> bool:
        # Meta first: what it has told must then be applied here.
        if not await self.meta.is_quiet():
            return False
        jobs = await self.world.rows.fetchval("SELECT count(*) FROM webhook_jobs")
        return jobs == 0 and not (await self.states()).keys() - {"held"}


@asynccontextmanager
async def set_scene(
    world: World,
    seed: int,
    *,
    people: int = PEOPLE,
    numbers: int = 1,
    throughput_mps: int = THROUGHPUT_MPS,
    replies_every: int = 0,
) -> AsyncIterator[Scene]:
    """A scene in which nobody has written yet."""
    place = next(_SCENES)
    wa_ids = tuple(f"1555{place:03}{index:04}" for index in range(people))
    after = await world.meta.last_seq()
    for wa_id in wa_ids:
        await world.meta.make_person(wa_id, replies_every=replies_every)
    async with admin_runtime(world.settings) as services:
        workspace = await services.workspaces.create(f"Scene {place}")
        connected = tuple(
            [await _connect(world, services, workspace.id, throughput_mps=throughput_mps) for _ in range(numbers)]
        )
        key = await services.api_keys.create(workspace.id, name="customer", scopes=frozenset(Scope))
    async with Customer(world.product.url, key.token) as customer:
        yield Scene(world, seed, workspace.id, connected, wa_ids, customer, after)


async def _connect(world: World, services: Services, workspace_id: UUID, *, throughput_mps: int) -> Number:
    """A number in an account of its own."""
    place = next(_NUMBERS)
    waba_id, meta_id = f"92{place:013}", f"93{place:013}"
    await world.meta.make_number(waba_id, meta_id, f"+1 555 {900_0000 + place}", throughput_mps=throughput_mps)
    number = await services.phone_numbers.connect(
        workspace_id, phone_number_id=meta_id, access_token=f"{TOKEN}{waba_id}", waba_id=waba_id
    )
    return Number(number.id, meta_id, waba_id)


async def make_app(settings: Settings) -> None:
    """The app that signs the webhooks, unless it is there."""
    async with admin_runtime(settings) as services:
        try:
            await services.apps.create(
                slug="default", app_secret=APP_SECRET, verify_token=VERIFY_TOKEN, meta_app_id=APP_ID
            )
        except Refused as refusal:
            if refusal.code != "slug_taken":
                raise
