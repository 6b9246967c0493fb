"""The scene of the demo: one workspace, its key, two simulated numbers, and a hundred people spread over them."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from server.cli.up.machine import Machine
from server.cli.up.playground import make_app, simulated_meta
from server.cli.up.simulated_meta import APP_SLUG, WABA_ID, Secrets, SimulatedMeta
from server.domain.enums import Scope

NUMBERS = 2
PEOPLE = 100
_FIRST_WA_ID = 12025550110
_NAMES = [
    f"{first} {last}"
    for last in ("Berg", "Costa", "Diaz", "Eklund", "Frey")
    for first in "Ada Ben Cleo Dai Eva Finn Gia Hugo Ines Jon Kaia Leo Mia Nico Olga Paul Quin Rosa Sam Tove".split()  # noqa: SIM905 - a list of strings is twice as long
]
_BEHAVIOUR: dict[str, object] = {
    "reads": True,
    "read_delay_s": 0.3,
    "reply_every": 2,
    "reply_text": "Thank you, that helps.",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A person and the number that they talk with, by our id and by Meta's."""

    wa_id: str
    name: str
    number_id: UUID
    meta_number_id: str


@dataclass(frozen=True, slots=True, repr=False)
class Scene:
    """What the customer's application is given."""

    key: str
    pairs: tuple[Pair, ...]


async def set_scene(machine: Machine) -> Scene:
    """Needs the database and the simulator, not yet the API."""
    from server.bootstrap import admin_runtime, load_keyring

    await machine.wait_simulator()
    settings = machine.settings
    secrets = Secrets.derived_from(load_keyring(settings))
    meta_ids = await asyncio.to_thread(simulated_meta(machine).make_account, NUMBERS)
    async with admin_runtime(settings) as services:
        await make_app(services, secrets)
        workspace = await services.workspaces.create("Demo")
        numbers = [
            await services.phone_numbers.connect(
                workspace.id, phone_number_id=id_, access_token=secrets.access_token, waba_id=WABA_ID
            )
            for id_ in meta_ids
        ]
        key = await services.api_keys.create(workspace.id, name="demo", scopes=frozenset(Scope))
    pairs = tuple(
        Pair(
            str(_FIRST_WA_ID + place),
            _NAMES[place],
            numbers[place % NUMBERS].id,
            numbers[place % NUMBERS].phone_number_id,
        )
        for place in range(PEOPLE)
    )
    return Scene(key.token, pairs)


async def let_people_write(machine: Machine, scene: Scene) -> SimulatedMeta:
    """Leads the simulator's webhooks to the API; then everybody writes to their number. Needs everything ready."""
    meta = simulated_meta(machine)
    await asyncio.to_thread(meta.make_app, callback_url=f"{machine.api_url}/webhooks/whatsapp/{APP_SLUG}")
    await asyncio.gather(*(asyncio.to_thread(_write, meta, pair) for pair in scene.pairs))
    return meta


def _write(meta: SimulatedMeta, pair: Pair) -> None:
    meta.make_person(pair.wa_id, pair.name, _BEHAVIOUR)
    meta.write(pair.wa_id, pair.meta_number_id, f"Hello, this is {pair.name}. Is my order ready?")
