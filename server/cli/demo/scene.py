"""The scene of the demo: one workspace, its key, two simulated numbers, and a hundred people spread over them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.cli.demo.answers import READS
from server.cli.demo.wheel import Kind, turn
from server.cli.up.machine import Machine
from server.cli.up.playground import make_app, simulated_meta
from server.cli.up.simulated_meta import APP_SLUG, WABA_ID, Secrets, SimulatedMeta
from server.domain.enums import Scope

NUMBERS = 2
PEOPLE = 100
GREETINGS = PEOPLE + NUMBERS
"""What people write before anything is sent: each to their number, and one in the group of each number."""
_FIRST_WA_ID = 12025550110
_FIRST_GROUP_ID = 120363000000000001
_NAMES = [
    f"{first} {last}"
    for last in ("Berg", "Costa", "Diaz", "Eklund", "Frey")
    for first in "Ada Ben Cleo Dai Eva Finn Gia Hugo Ines Jon Kaia Leo Mia Nico Olga Paul Quin Rosa Sam Tove".split()  # noqa: SIM905 - a list of strings is twice as long
]


@dataclass(frozen=True, slots=True)
class Number:
    """By our id and by Meta's, and the group that it is in."""

    id: UUID
    meta_id: str
    group_id: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A person, the number that they talk with, and what they get second.

    `address` is all that the business knows of them: the phone number, or the user id of who hides it.
    """

    wa_id: str
    name: str
    number: Number
    second: Kind

    @property
    def bsuid(self) -> str | None:
        return f"US.{self.wa_id}" if self.second.by_user_id else None

    @property
    def address(self) -> str:
        return self.bsuid or f"+{self.wa_id}"


@dataclass(frozen=True, slots=True, repr=False)
class Scene:
    """What the customer's application is given."""

    key: str
    numbers: tuple[Number, ...]
    pairs: tuple[Pair, ...]


async def set_scene(machine: Machine) -> Scene:
    """Needs the database and the simulator, not yet the API."""
    from server.bootstrap import admin_runtime, load_keyring

    await machine.wait_simulator()
    settings = machine.settings
    secrets = Secrets.derived_from(load_keyring(settings))
    meta_ids = await asyncio.to_thread(_furnish, simulated_meta(machine))
    async with admin_runtime(settings) as services:
        await make_app(services, secrets)
        workspace = await services.workspaces.create("Demo")
        connected = [
            await services.phone_numbers.connect(
                workspace.id, phone_number_id=id_, access_token=secrets.access_token, waba_id=WABA_ID
            )
            for id_ in meta_ids
        ]
        key = await services.api_keys.create(workspace.id, name="demo", scopes=frozenset(Scope))
    numbers = tuple(
        Number(number.id, number.phone_number_id, str(_FIRST_GROUP_ID + place))
        for place, number in enumerate(connected)
    )
    return Scene(key.token, numbers, cast(numbers))


def cast(numbers: Sequence[Number]) -> tuple[Pair, ...]:
    """Everybody, spread over the numbers, and what the wheel gives each."""
    return tuple(
        Pair(str(_FIRST_WA_ID + place), _NAMES[place], numbers[place % len(numbers)], turn(place))
        for place in range(PEOPLE)
    )


async def let_people_write(machine: Machine, scene: Scene) -> SimulatedMeta:
    """Leads the simulator's webhooks to the API; then everybody writes to their number. Needs everything ready."""
    meta = simulated_meta(machine)
    await asyncio.to_thread(meta.make_app, callback_url=f"{machine.api_url}/webhooks/whatsapp/{APP_SLUG}")
    await asyncio.gather(*(asyncio.to_thread(_write, meta, pair) for pair in scene.pairs))
    await asyncio.gather(*(asyncio.to_thread(_write_in_group, meta, number, scene.pairs) for number in scene.numbers))
    return meta


def _furnish(meta: SimulatedMeta) -> list[str]:
    ids = meta.make_account(NUMBERS)
    meta.allow_everything()
    return ids


def _write(meta: SimulatedMeta, pair: Pair) -> None:
    meta.make_person(pair.wa_id, pair.name, {**READS, **pair.second.answer.behaviour}, bsuid=pair.bsuid)
    meta.write(pair.wa_id, pair.number.meta_id, f"Hello, this is {pair.name}. Is my order ready?")


def _write_in_group(meta: SimulatedMeta, number: Number, pairs: Sequence[Pair]) -> None:
    members = [pair.wa_id for pair in pairs if pair.number == number and pair.second.in_group]
    meta.make_group(number.group_id, number.meta_id, members)
    meta.write(members[0], number.meta_id, "What did we all order?", group_id=number.group_id)
