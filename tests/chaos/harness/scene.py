"""A scene: one workspace with its key and number, people who wrote first, and a customer who sends to them.

Every test has a scene of its own, so that no limit, breaker or evidence of one reaches another.
"""

import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from server.bootstrap import admin_runtime
from server.core.config import Settings
from server.domain.enums import Scope
from server.domain.errors import Refused
from tests.chaos.harness.customer import Customer, Text
from tests.chaos.harness.judge import Judgement, judge, look
from tests.chaos.harness.meta import APP_ID, APP_SECRET, TOKEN, VERIFY_TOKEN, Meta
from tests.chaos.harness.product import Product
from tests.chaos.harness.rows import Rows
from tests.harness.waiting import comes_true, until

PEOPLE = 12
DRAIN_WITHIN_S = 180.0
_SCENES = itertools.count(1)


@dataclass(frozen=True)
class World:
    """What scenes share: the servers' settings, the simulated Meta, the product, and its rows."""

    settings: Settings
    meta: Meta
    product: Product
    rows: Rows


@dataclass
class Scene:
    """`after`: the ledger's entries up to that one are not of this scene."""

    world: World
    seed: int
    workspace_id: UUID
    number_id: UUID
    waba_id: str
    meta_number_id: str
    people: tuple[str, ...]
    customer: Customer
    after: int
    chance: random.Random = field(init=False)
    _notes: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

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
            Text(str(self.number_id), wa_id, f"Note {next(self._notes)} of seed {self.seed}", next(policy))
            for _ in range(each)
            for wa_id in self.people
        ]

    async def let_people_write(self) -> None:
        for wa_id in self.people:
            await self.let_one_write(wa_id)

    async def let_one_write(self, wa_id: str | None = None) -> None:
        """This one, or somebody."""
        await self.meta.write(wa_id or self.chance.choice(self.people), self.meta_number_id, "Is my order ready?")

    async def windows_are_open(self) -> None:
        """Waits until what everybody wrote is stored. Sending would be refused before."""

        async def stored() -> bool:
            query = "SELECT count(DISTINCT contact_id) FROM messages WHERE workspace_id = $1 AND direction = 'inbound'"
            return bool(await self.world.rows.fetchval(query, self.workspace_id) == len(self.people))

        await until(stored, f"{len(self.people)} people's first messages are stored (seed {self.seed})")

    async def drain(self) -> None:
        """Until nothing is under way. What never ends is for the judge to see: it is stuck then."""
        await comes_true(self._is_quiet, patience_s=DRAIN_WITHIN_S)

    async def judgement(self) -> Judgement:
        """Drains first."""
        await self.product.answers()
        await self.drain()
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

    async def doubtful(self) -> set[str]:
        """The messages of which a try came to nothing clear."""
        query = "SELECT message_id::text FROM message_attempts WHERE workspace_id = $1 AND outcome = 'ambiguous'"
        return {row[0] for row in await self.world.rows.fetch(query, self.workspace_id)}

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

    async def _is_quiet(self) -> bool:
        # Meta first: what it has told must then be applied here.
        if not await self.meta.is_quiet():
            return False
        jobs = await self.world.rows.fetchval("SELECT count(*) FROM webhook_jobs")
        return jobs == 0 and not (await self.states()).keys() - {"held"}


@asynccontextmanager
async def set_scene(world: World, seed: int, *, people: int = PEOPLE, replies_every: int = 0) -> AsyncIterator[Scene]:
    """A scene in which nobody has written yet."""
    place = next(_SCENES)
    waba_id, number_id = f"92{place:013}", f"93{place:013}"
    wa_ids = tuple(f"1555{place:03}{index:04}" for index in range(people))
    after = await world.meta.last_seq()
    await world.meta.make_number(waba_id, number_id, f"+1 555 {900_0000 + place}")
    for wa_id in wa_ids:
        await world.meta.make_person(wa_id, replies_every=replies_every)
    async with admin_runtime(world.settings) as services:
        workspace = await services.workspaces.create(f"Scene {place}")
        number = await services.phone_numbers.connect(
            workspace.id, phone_number_id=number_id, access_token=f"{TOKEN}{waba_id}", waba_id=waba_id
        )
        key = await services.api_keys.create(workspace.id, name="customer", scopes=frozenset(Scope))
    async with Customer(world.product.url, key.token) as customer:
        yield Scene(world, seed, workspace.id, number.id, waba_id, number_id, wa_ids, customer, after)


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
