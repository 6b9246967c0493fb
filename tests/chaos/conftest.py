"""What the chaos tests share: a world on the session's servers, and one on servers that may be killed."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from server.core.config import Settings
from server.core.crypto import new_keyring
from server.migrations import runner
from tests.chaos.harness.meta import Meta
from tests.chaos.harness.product import Product
from tests.chaos.harness.rows import Rows
from tests.chaos.harness.scene import Scene, World, make_app, set_scene
from tests.chaos.harness.servers import Servers as MortalServers
from tests.conftest import API_PASSWORD, WORKER_PASSWORD, Servers, Urls
from tests.harness.forks import Zygote


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(
    servers: Servers, template: str, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The product and Meta, on the session's servers, in a database of their own."""
    name = f"chaos_{secrets.token_hex(6)}"
    owner = await asyncpg.connect(servers.postgres.address.url("postgres"))
    await owner.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    folder = tmp_path_factory.mktemp("world")
    urls = servers.urls(name)
    try:
        async with Meta(folder, seed=1) as meta:
            settings = settings_for(folder, urls.api, urls.worker, servers.valkey.url, meta.url)
            rows = Rows(urls.admin)
            product = Product(zygote, settings, folder)
            await make_app(settings)
            yield World(settings, meta, product, rows)
            await product.close()
            await rows.close()
    finally:
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await owner.close()


@pytest.fixture
async def scene(world: World, seed: int) -> AsyncIterator[Scene]:
    """Everything runs plainly, and everybody has written."""
    await world.product.heal()
    await world.meta.lead_webhooks_to(f"{world.product.url}/webhooks/whatsapp")
    async with set_scene(world, seed) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        yield scene
    await world.meta.plan()


@pytest.fixture(scope="package")
def mortal_servers() -> Iterator[MortalServers]:
    servers = MortalServers.start()
    yield servers
    servers.stop()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def mortal_world(
    mortal_servers: MortalServers, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The product and Meta, on servers that may be killed."""
    folder = tmp_path_factory.mktemp("mortal")
    address = mortal_servers.postgres.address
    urls = Urls(
        address.url("treeex"),
        address.url("treeex", user="treeex_api", password=API_PASSWORD),
        address.url("treeex", user="treeex_worker", password=WORKER_PASSWORD),
    )
    owner = await asyncpg.connect(address.url("postgres"))
    await owner.execute("CREATE DATABASE treeex TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    await owner.close()
    await runner.migrate(urls.admin, login_urls=(urls.api, urls.worker))
    async with Meta(folder, seed=1) as meta:
        settings = settings_for(folder, urls.api, urls.worker, mortal_servers.valkey.url, meta.url)
        world = World(settings, meta, Product(zygote, settings, folder), Rows(urls.admin))
        await make_app(settings)
        yield world
        await world.product.close()
        await world.rows.close()


def settings_for(folder: Path, api: str, worker: str, valkey: str, graph: str) -> Settings:
    keyring_file = folder / "keyring.json"
    keyring_file.write_text(new_keyring())
    return Settings.model_validate(
        {
            "database_url": api,
            "worker_database_url": worker,
            "valkey_url": valkey,
            "keyring_file": keyring_file,
            "graph_url": graph,
        }
    )
