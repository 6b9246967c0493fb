"""What is heard of a send, in sampled orders, leaves the database where the pure rules of `domain.lifecycle` say."""

import random
from collections import Counter
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.domain.enums import DispatchState
from server.domain.lifecycle import STATUS_FACTS, Facts, Standing
from server.repositories.dispatch import Key
from server.services.maintenance import Maintenance
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous
from server.whatsapp.outbound import Tried
from tests.integration.webhooks.payloads import NOON, status

SEED = 20260302
SAMPLED = 200
LONGEST = 6
RESPONSE, TIMEOUT = "send-response", "send-timeout"
STATUSES = ("sent", "delivered", "read", "failed")
INPUTS = (RESPONSE, *STATUSES, TIMEOUT)
MOMENTS = {name: 10 * place for place, name in enumerate(STATUSES)}
STALE_AFTER_S = 1800.0


@dataclass(frozen=True)
class Case:
    """A message on the wire, and what is heard of it. `named`: its statuses carry our opaque id."""

    message: UUID
    wamid: str
    heard: tuple[str, ...]
    named: bool

    def expected(self) -> Standing:
        standing = Standing()
        for name in self.heard:
            standing = standing.doubt() if name == TIMEOUT else standing.learn(self.facts(name))
        return standing

    def facts(self, name: str) -> Facts:
        if name == RESPONSE:
            return Facts(accepted_at=datetime.now(UTC))
        return Facts(**{STATUS_FACTS[name]: datetime.fromtimestamp(NOON + MOMENTS[name], UTC)})


def sample(chance: random.Random) -> tuple[str, ...]:
    return tuple(chance.choice(INPUTS) for _ in range(chance.randint(1, LONGEST)))


@pytest.fixture
async def cases(world, make_dispatch, claim_all) -> tuple[UUID, list[Case]]:
    """Our id of a number, and its messages on the wire."""
    number = await world.number()
    for _ in range(SAMPLED):
        await world.message(number, await world.person(number))
    departures = await claim_all(make_dispatch(grant_to_wire_s=60.0), number, count=SAMPLED, turns=400)
    assert len(departures) == SAMPLED
    chance = random.Random(SEED)
    found = []
    for index, departure in enumerate(departures):
        heard = sample(chance)
        # Without our id a status finds its message only once Meta's id of it is known.
        named = RESPONSE not in heard or chance.random() < 0.7
        found.append(Case(departure.key.message_id, f"wamid.{index}.{number.hex}", heard, named))
    return number, found


@pytest.fixture
def tell(world, worker_db, settlement, queue, webhooks, opaque_ids, receive, cases):
    """Lets the product hear one thing of each of some messages, in one go."""
    number, _ = cases
    rescuer = Maintenance(worker_db, queue, stale_after_s=STALE_AFTER_S, webhook_retention=timedelta(days=90))

    def result(case: Case, outcome: Any) -> Result:
        return Result(Key(world.workspace, case.message, 1), number, datetime.now(UTC), Tried(outcome))

    async def settle(heard: list[tuple[Case, str]]) -> None:
        outcomes = [(case, Accepted(case.wamid) if name == RESPONSE else Ambiguous("reset")) for case, name in heard]
        await settlement.settle([result(case, outcome) for case, outcome in outcomes])

    async def rescue(lost: list[Case]) -> None:
        await world.admin.execute(
            "UPDATE outbox SET state_since = now() - $2::interval WHERE message_id = ANY ($1::uuid[])",
            [case.message for case in lost],
            timedelta(seconds=2 * STALE_AFTER_S),
        )
        await rescuer.rescue()

    async def say(said: list[tuple[Case, str]]) -> None:
        payloads = [
            status(case.wamid, name, at=MOMENTS[name], opaque=opaque_ids.make(case.message, 1) if case.named else None)
            for case, name in said
        ]
        await receive(number, *payloads)

    async def tell(heard: list[tuple[Case, str]], chance: random.Random) -> None:
        answers, lost, said = [], [], []
        for case, name in heard:
            if name in STATUSES:
                said.append((case, name))
            elif name == TIMEOUT and chance.random() < 0.5:
                lost.append(case)
            else:
                answers.append((case, name))
        for hear in chance.sample([lambda: settle(answers), lambda: rescue(lost), lambda: say(said)], 3):
            await hear()

    async def adopt() -> None:
        while await webhooks.adopt_orphans():
            pass

    return tell, adopt


@pytest.mark.proves("P2", "G9", "G10")
async def test_the_database_ends_where_the_pure_rules_say(world, cases, tell) -> None:
    _, found = cases
    tell_all, adopt = tell
    chance = random.Random(SEED)
    for step in range(LONGEST):
        await tell_all([(case, case.heard[step]) for case in found if len(case.heard) > step], chance)
    await adopt()
    wrong = {}
    for case in found:
        standing, events = await stored(world, case.message)
        expected = case.expected()
        if (comparable(standing), standing.shown) != (comparable(expected), expected.shown):
            wrong[case.heard] = (standing, expected)
        assert_events(events, case, expected)
    assert wrong == {}


async def stored(world, message: UUID) -> tuple[Standing, Counter[str]]:
    row, facts = await world.row(message), await world.facts(message)
    known = Facts(**{field.name: facts[field.name] for field in fields(Facts)})
    return Standing(known, row and DispatchState(row["state"])), Counter(await world.events(message))


def comparable(standing: Standing) -> tuple[dict[str, object], DispatchState | None]:
    """The database's clock says when Meta accepted a message, so that only whether it did is compared."""
    facts = asdict(standing.facts)
    return facts | {"accepted_at": facts["accepted_at"] is not None}, standing.dispatch


def assert_events(events: Counter[str], case: Case, expected: Standing) -> None:
    """One a fact, and at most one of the doubt that came before the first."""
    doubts = events.pop("message.unknown", 0)
    assert doubts <= (TIMEOUT in case.heard)
    if case.heard[0] == TIMEOUT:
        assert doubts == 1
    told = {field.name for field in fields(Facts) if getattr(expected.facts, field.name) is not None}
    assert events == Counter(f"message.{name.removesuffix('_at')}" for name in told)
