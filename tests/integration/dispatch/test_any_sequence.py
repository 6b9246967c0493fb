"""Random sequences of all that can happen to messages, on PostgreSQL and in a model: both agree after every step.

Messages are asked for, called back and over; workers claim them, die, and settle what came of them; Meta takes them and
tells of them, or does not; others rescue and decide. Nobody waits for time: what is in doubt is overdue at once.
"""

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from server.domain import budget
from server.domain.errors import Refused
from server.queue.outbound import Ring
from server.services.dispatch import Departure
from server.services.ends import Cancellations, Timekeeper
from server.services.messages import Messages
from server.services.reconciliation import Reconciliation
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous, Late, LimitScope, NotSent, Outcome, Rejected, Throttled
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried
from tests.integration.dispatch.model import STATUSES, Message, has_evidence
from tests.integration.invariants import broken
from tests.integration.seed import Workspace, text
from tests.integration.webhooks.payloads import status

PEOPLE = 3
KEYS = 8
TURNS = 12
_PHONES = itertools.count(1)
NO_EFFECT: dict[str, Outcome] = {
    "not_sent": NotSent("ConnectionRefusedError"),
    "throttled": Throttled(LimitScope.NUMBER, 1.0, GraphError(130429, message="Rate limit hit")),
    "late": Late("its grant has run out"),
}
WITHOUT_META: dict[str, Outcome] = {
    **NO_EFFECT,
    "rejected": Rejected(GraphError(131009, message="Parameter value is not valid")),
    "ambiguous": Ambiguous("reset"),
}
WHICH = st.integers(0, 11)
"""Which one of those that there are then: what is drawn depends on nothing that happens."""


@dataclass
class Stage:
    """The product's services, for one loop. `number` and `phones` are of the sequence that is played."""

    world: Any
    workspace: Workspace
    messages: Messages
    cancellations: Cancellations
    timekeeper: Timekeeper
    reconciliation: Reconciliation
    maintenance: Any
    dispatch: Any
    settlement: Any
    queue: Any
    opaque_ids: Any
    receive: Any
    number: UUID = field(default_factory=lambda: UUID(int=0))
    phones: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        """A number and people of its own; what the sequence before has left is nobody's."""
        await self.world.admin.execute("DELETE FROM outbox WHERE workspace_id = $1", self.world.workspace)
        self.number = await self.world.number()
        self.phones = [f"1202555{next(_PHONES):04}" for _ in range(PEOPLE)]
        for phone in self.phones:
            await self.workspace.person(self.number, phone)

    async def accept(self, person: int, policy: str, key: str) -> UUID:
        command = text(self.number, f"+{self.phones[person]}", body=key, on_ambiguous=policy)
        receipt = await self.messages.accept(self.workspace.principal, [command], idempotency_key=key)
        [result] = receipt.results
        return result.id

    async def accept_twice(self, person: int, policy: str, key: str) -> UUID:
        one, other = await asyncio.gather(self.accept(person, policy, key), self.accept(person, policy, key))
        assert one == other
        return one

    async def cancel(self, message: UUID) -> bool:
        try:
            await self.cancellations.cancel(self.world.workspace, message)
        except Refused:
            return False
        return True

    async def end(self, message: UUID) -> None:
        await self.world.admin.execute(
            "UPDATE outbox SET expires_at = now() - interval '1 second' WHERE message_id = $1", message
        )
        await self.timekeeper.expire()

    async def claim(self, room: int) -> tuple[Departure, ...]:
        await self.world.admin.execute(
            "UPDATE outbox SET due_at = now() WHERE phone_number_id = $1 AND state = 'queued'", self.number
        )
        await self.queue.ring([Ring(self.number, budget.rate(1000))])
        for _ in range(TURNS):
            claim = await self.dispatch.claim(room=room)
            if claim.departures or claim.next_in_s is None:
                return claim.departures
            await asyncio.sleep(claim.next_in_s)  # until the next turn, as the queue said
        return ()

    async def cancel_while_claiming(self, message: UUID) -> tuple[bool, tuple[Departure, ...]]:
        return tuple(await asyncio.gather(self.cancel(message), self.claim(PEOPLE)))  # type: ignore[return-value]

    async def settle(self, departure: Departure, outcome: Outcome) -> None:
        await self.settlement.settle([Result(departure.key, self.number, departure.started_at, Tried(outcome))])

    async def tell(self, message: Message, attempt: int, name: str) -> None:
        said = status(
            wamid(message, attempt), name, at=STATUSES.index(name), opaque=self.opaque_ids.make(message.id, attempt)
        )
        await self.receive(self.number, said)

    async def seen(self) -> dict[UUID, tuple[str | None, int, dict[int, str], set[str]]]:
        """Of each message its dispatch state, its attempt, what its tries came to, and its facts."""
        admin = self.world.admin
        tries: dict[UUID, dict[int, str]] = {}
        for row in await admin.fetch("SELECT * FROM message_attempts WHERE phone_number_id = $1", self.number):
            tries.setdefault(row["message_id"], {})[row["attempt"]] = row["outcome"]
        query = """SELECT m.*, o.state, o.attempt FROM messages m LEFT JOIN outbox o ON o.message_id = m.id
                   WHERE m.phone_number_id = $1"""
        names = ("accepted", *STATUSES, "cancelled", "expired")
        return {
            row["id"]: (
                row["state"],
                row["attempt"],
                tries.get(row["id"], {}),
                {name for name in names if row[f"{name}_at"] is not None},
            )
            for row in await admin.fetch(query, self.number)
        }


def wamid(message: Message, attempt: int) -> str:
    return f"wamid.{message.id.hex}.{attempt}"


@dataclass(eq=False)
class Flight:
    """A try on the wire, in the hands of a worker that lives."""

    departure: Departure
    message: Message

    @property
    def attempt(self) -> int:
        return self.departure.key.attempt

    @property
    def is_taken(self) -> bool:
        return self.attempt in self.message.processed


class AnySequence(RuleBasedStateMachine):
    """Played in a thread; the product runs in `loop`."""

    loop: asyncio.AbstractEventLoop
    stage: Stage
    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[UUID, Message] = {}
        self.keys: dict[str, tuple[int, str, Message]] = {}
        self.flights: list[Flight] = []
        self.do(self.stage.begin())

    def do(self, deed: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result()

    @rule(
        target=asked,
        key=st.integers(0, KEYS - 1),
        person=st.integers(0, PEOPLE - 1),
        policy=st.sampled_from(["hold", "retry", "retry"]),
    )
    def ask(self, key: int, person: int, policy: str) -> Message:
        """Twice at once. Again under a known key it is the same message, or refused if it is another request."""
        name = f"{self.stage.number}-{key}"
        known = self.keys.get(name)
        if known is not None and known[:2] != (person, policy):
            with pytest.raises(Refused, match="Idempotency-Key"):
                self.do(self.stage.accept(person, policy, name))
            return known[2]
        id_ = self.do(self.stage.accept_twice(person, policy, name))
        if known is None:
            assert id_ not in self.messages
            self.messages[id_] = Message(id_, person, policy)
            self.keys[name] = (person, policy, self.messages[id_])
        assert self.keys[name][2].id == id_
        return self.messages[id_]

    @rule(message=asked)
    def cancel(self, message: Message) -> None:
        can = message.can_be_cancelled
        assert self.do(self.stage.cancel(message.id)) == can
        if can:
            message.cancel()

    @rule(message=asked)
    def be_over(self, message: Message) -> None:
        message.is_over = True
        self.do(self.stage.end(message.id))
        for one in self.messages.values():
            one.expire()

    @rule(room=st.integers(1, 4))
    def claim(self, room: int) -> None:
        self._depart(self.do(self.stage.claim(room)))

    @rule(message=asked)
    def cancel_while_it_is_claimed(self, message: Message) -> None:
        can = message.can_be_cancelled
        cancelled, departures = self.do(self.stage.cancel_while_claiming(message.id))
        assert can or not cancelled
        if cancelled:
            message.cancel()
        self._depart(departures)
        assert cancelled or not can or message.state == "sending"

    @rule(which=WHICH)
    def be_taken(self, which: int) -> None:
        """By Meta, whose answer is still to come."""
        flight = self._on_the_wire(which, taken=False)
        if flight is not None:
            flight.message.is_taken(flight.attempt)

    @rule(which=WHICH, answered=st.booleans())
    def land(self, which: int, *, answered: bool) -> None:
        """Meta has it, and says so or not."""
        flight = self._on_the_wire(which)
        if flight is None:
            return
        self.flights.remove(flight)
        message, attempt = flight.message, flight.attempt
        if not flight.is_taken:
            message.is_taken(attempt)
        outcome = Accepted(wamid(message, attempt)) if answered else Ambiguous("reset")
        self.do(self.stage.settle(flight.departure, outcome))
        (message.accept if answered else message.doubt)(attempt)

    @rule(which=WHICH, outcome=st.sampled_from([*NO_EFFECT, "rejected", "ambiguous"]))
    def fall(self, which: int, outcome: str) -> None:
        """Meta has it not, and the worker learns so or not."""
        flight = self._on_the_wire(which, taken=False)
        if flight is None:
            return
        self.flights.remove(flight)
        self.do(self.stage.settle(flight.departure, WITHOUT_META[outcome]))
        message, attempt = flight.message, flight.attempt
        match outcome:
            case "rejected":
                message.refuse(attempt)
            case "ambiguous":
                message.doubt(attempt)
            case _:
                message.come_back(attempt, outcome)

    @rule(which=WHICH)
    def crash(self, which: int) -> None:
        """The worker dies: nobody will tell what came of it."""
        flight = self._on_the_wire(which)
        if flight is not None:
            self.flights.remove(flight)

    @rule(which=WHICH, name=st.sampled_from(STATUSES))
    def hear(self, which: int, name: str) -> None:
        """A status of what Meta took, before its answer or after it, for the first time or again."""
        taken = [(message, attempt) for message in self.messages.values() for attempt in message.processed]
        if not taken:
            return
        message, attempt = taken[which % len(taken)]
        self.do(self.stage.tell(message, attempt, name))
        message.learn(name)

    @rule()
    def rescue(self) -> None:
        self.do(self.stage.maintenance.rescue())
        for message in self.messages.values():
            message.rescue()

    @rule()
    def decide(self) -> None:
        everybody = list(self.messages.values())
        evidence = {one: has_evidence(one, everybody) for one in everybody if one.state == "unknown"}
        self.do(self.stage.reconciliation.step())
        for message, found in evidence.items():
            message.decide(evidence=found)

    @invariant()
    def both_agree(self) -> None:
        seen = self.do(self.stage.seen())
        for id_, message in self.messages.items():
            attempt = None if message.state is None else message.attempt
            assert seen[id_] == (message.state, attempt, message.tries, message.facts)
        assert seen.keys() == self.messages.keys()

    def teardown(self) -> None:
        """Everything that is still to come comes: nothing is left under way, and each fact was told once."""
        while self.flights:
            flight = self.flights.pop()
            self.do(self.stage.settle(flight.departure, Ambiguous("reset")))
            flight.message.doubt(flight.attempt)
        self.rescue()
        self.decide()
        while any(message.may_leave for message in self.messages.values()):
            self._depart(self.do(self.stage.claim(PEOPLE)))
            assert self.flights
            while self.flights:
                flight = self.flights.pop()
                flight.message.is_taken(flight.attempt)
                self.do(self.stage.settle(flight.departure, Accepted(wamid(flight.message, flight.attempt))))
                flight.message.accept(flight.attempt)
        self.both_agree()
        assert {message.state for message in self.messages.values() if not message.is_over} <= {None, "held"}
        wrong = {id_ for ids in self.do(broken(self.stage.world.admin)).values() for id_ in ids}
        assert wrong.isdisjoint(str(id_) for id_ in self.messages)

    def _depart(self, departures: tuple[Departure, ...]) -> None:
        """Each is the first of its pair, and alone on the wire."""
        for departure in departures:
            message = self.messages[departure.key.message_id]
            pair = [one for one in self.messages.values() if one.person == message.person]
            assert all(one.state != "sending" for one in pair)
            assert message is min((one for one in pair if one.may_leave), key=lambda one: one.id)
            message.depart(departure.started_at)
            assert message.attempt == departure.key.attempt
            self.flights.append(Flight(departure, message))

    def _on_the_wire(self, which: int, *, taken: bool = True) -> Flight | None:
        """One of the tries, or of those that Meta has not taken yet. Where there is none something is claimed first."""
        for _ in range(2):
            able = [flight for flight in self.flights if taken or not flight.is_taken]
            if able:
                return able[which % len(able)]
            self.claim(PEOPLE)
        return None


@pytest.mark.proves("G7", "G8", "G17", "G18", "K24", "K25", "P3")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("examples", "steps"),
    [pytest.param(4, 15, id="4 of 15"), pytest.param(100, 30, id="100 of 30", marks=pytest.mark.long)],
)
async def test_any_sequence_agrees_with_the_model(
    world, api_db, worker_db, queue, settlement, make_dispatch, maintenance, opaque_ids, receive, examples, steps
) -> None:
    stage = Stage(
        world=world,
        workspace=await Workspace(world.admin, id=world.workspace).add_key_and_account(),
        messages=Messages(api_db, queue),
        cancellations=Cancellations(api_db),
        timekeeper=Timekeeper(worker_db, queue),
        reconciliation=Reconciliation(worker_db, window_s=0.0),
        maintenance=maintenance,
        dispatch=make_dispatch(),
        settlement=settlement,
        queue=queue,
        opaque_ids=opaque_ids,
        receive=receive,
    )
    played = type("Played", (AnySequence,), {"loop": asyncio.get_running_loop(), "stage": stage})
    await asyncio.to_thread(
        run_state_machine_as_test,
        played,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
    await stage.messages.close()
