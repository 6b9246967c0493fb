"""Meta as the simulator plays it, settings that point to it and to the real servers, and the use cases on them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from server.bootstrap import admin_runtime
from server.core.config import Settings
from server.core.crypto import new_keyring
from server.services.bundle import Services
from simulator import app as simulator_app
from simulator.state import App, Number, Token, Waba
from simulator.world import World
from tests.conftest import Servers, Urls
from tests.harness.forks import Zygote
from tests.integration.commands import Run, runner
from tests.integration.roles import Roles

META_TOKEN = "EAAtestTokenOfTheSimulatorNothingElse"
META_APP_ID = "900000000000001"
WABA_ID = "900000000000002"
NUMBER_IDS = ("900000000000010", "900000000000011", "900000000000012")


@dataclass(frozen=True)
class Meta:
    """The simulator, in this loop."""

    url: str
    world: World


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meta() -> AsyncIterator[Meta]:
    world = World.create()
    store = world.store
    store.put(App(META_APP_ID, "Test app", "app-secret"))
    store.put(Waba(WABA_ID, "Test account", "900000000000003"))
    for index, number_id in enumerate(NUMBER_IDS):
        store.put(Number(number_id, WABA_ID, f"+1 555-010-{index}", f"Test {index}"))
    store.put(Token(META_TOKEN, META_APP_ID, [WABA_ID]))
    runner = web.AppRunner(simulator_app.create_app(world), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Meta(f"http://127.0.0.1:{runner.addresses[0][1]}", world)
    await runner.cleanup()


@pytest.fixture(scope="module")
def module_settings(servers: Servers, urls: Urls, meta: Meta, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    keyring_file: Path = tmp_path_factory.mktemp("keyring") / "keyring.json"
    keyring_file.write_text(new_keyring())
    return Settings.model_validate(
        {
            "database_url": urls.api,
            "worker_database_url": urls.worker,
            "admin_database_url": urls.admin,
            "valkey_url": servers.valkey.url,
            "keyring_file": keyring_file,
            "graph_url": meta.url,
            "storage_url": tmp_path_factory.mktemp("storage").as_uri(),
            "request_max_bytes": 65_536,
            "port": 0,
        }
    )


@pytest.fixture
def given(module_settings: Settings) -> dict[str, object]:
    """The settings of every command, as texts and paths."""
    return {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else value
        for name, value in module_settings
        if name in module_settings.model_fields_set
    }


@pytest.fixture
def run(given: dict[str, object], tmp_path: Path) -> Run:
    """Runs commands on the servers of this module."""
    return runner(given, tmp_path)


@pytest.fixture
def roles(zygote: Zygote, settings: Settings, tmp_path: Path) -> Roles:
    """Processes that have this test's settings."""
    return Roles(zygote, settings, tmp_path)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services(module_settings: Settings) -> AsyncIterator[Services]:
    """What the command line has."""
    async with admin_runtime(module_settings) as found:
        yield found
