"""Something to play with after the first `treeex up`: a workspace, a key, a simulated number, and Ada who wrote to it.

Made through the same services as everything else, and safe to repeat: what exists stays. The key is shown once and
kept nowhere.
"""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from server.cli.up.errors import CannotRun
from server.cli.up.machine import Machine
from server.cli.up.simulated_meta import APP_ID, APP_SLUG, WABA_ID, Secrets, SimulatedMeta
from server.domain.enums import Scope
from server.domain.errors import Refused
from server.services.bundle import Services

WORKSPACE = "Playground"
KEY_NAME = "first up"
ADA = "12025550199"
_BEHAVIOUR: dict[str, object] = {"reads": True, "read_delay_s": 2, "reply_every": 1, "reply_text": "Thank you!"}
_WINDOW_LEFT_S = 3600
_WINDOW_OPENS_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True, repr=False)
class Playground:
    """`key` is None when the playground was there before."""

    workspace_id: UUID
    number_id: UUID
    meta_number_id: str
    shown_number: str
    key: str | None


def simulated_meta(machine: Machine) -> SimulatedMeta:
    """The controls of the machine's simulator."""
    from server.bootstrap import load_keyring

    if machine.simulator_url is None:
        raise RuntimeError("this machine has no simulator")
    return SimulatedMeta(machine.simulator_url, Secrets.derived_from(load_keyring(machine.settings)))


async def make_app(services: Services, secrets: Secrets) -> None:
    """The app whose webhooks the simulator sends. One that exists stays as it is."""
    try:
        await services.apps.create(
            slug=APP_SLUG, app_secret=secrets.app_secret, verify_token=secrets.verify_token, meta_app_id=APP_ID
        )
    except Refused as refusal:
        if refusal.code != "slug_taken":
            raise


async def make_playground(machine: Machine) -> Playground:
    """Needs the database and the simulator, not yet the API."""
    from server.bootstrap import admin_runtime, load_keyring

    await machine.wait_simulator()
    settings = machine.settings
    secrets = Secrets.derived_from(load_keyring(settings))
    [meta_number_id] = await asyncio.to_thread(simulated_meta(machine).make_account, 1)
    async with admin_runtime(settings) as services:
        await make_app(services, secrets)
        workspace_id, is_new = await _workspace(services)
        number = await services.phone_numbers.connect(
            workspace_id, phone_number_id=meta_number_id, access_token=secrets.access_token, waba_id=WABA_ID
        )
        # Last, so that a key is made only once all else is there.
        key = await services.api_keys.create(workspace_id, name=KEY_NAME, scopes=frozenset(Scope)) if is_new else None
    return Playground(workspace_id, number.id, meta_number_id, number.display_phone_number, key.token if key else None)


async def _workspace(services: Services) -> tuple[UUID, bool]:
    """The playground's workspace, and whether it still lacks a key."""
    for workspace in await services.workspaces.list():
        if workspace.name == WORKSPACE:
            return workspace.id, not await services.api_keys.list(workspace.id)
    return (await services.workspaces.create(WORKSPACE)).id, True


async def open_playground(machine: Machine, playground: Playground) -> None:
    """Leads the simulator's webhooks to the API and lets Ada write, unless she did lately. Needs everything ready."""
    meta = simulated_meta(machine)
    await asyncio.to_thread(meta.make_app, callback_url=f"{machine.api_url}/webhooks/whatsapp/{APP_SLUG}")
    await asyncio.to_thread(meta.make_person, ADA, "Ada", _BEHAVIOUR)
    windows = await asyncio.to_thread(meta.windows, ADA)
    if windows.get(playground.meta_number_id, 0) < time.time() + _WINDOW_LEFT_S:
        await asyncio.to_thread(meta.write, ADA, playground.meta_number_id, "Hello, are you open today?")
    await _until_window_is_open(machine, playground)


async def _until_window_is_open(machine: Machine, playground: Playground) -> None:
    from server.bootstrap import admin_runtime

    deadline = time.monotonic() + _WINDOW_OPENS_WITHIN_S
    async with admin_runtime(machine.settings) as services:
        while not await _is_open(services, playground):
            if time.monotonic() > deadline:
                raise CannotRun(
                    f"what Ada wrote did not arrive; see api.log, simulator.log and the secrets of app {APP_SLUG}"
                )
            await asyncio.sleep(0.05)


async def _is_open(services: Services, playground: Playground) -> bool:
    page = await services.conversations.list(playground.workspace_id, limit=100)
    return any(one.window.open for one in page.data if one.number.id == playground.number_id)
