"""What all tests share: the embedded servers, started once, and a fresh migrated database for each module."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
import structlog

from server.core import valkey as core_valkey
from server.core.config import Settings
from server.core.crypto import Keyring, new_keyring, parse_keyring
from server.core.db import Database, Limits
from server.embedded import EmbeddedPostgres, EmbeddedValkey, prepare_data_dir
from server.migrations import runner
from tests.harness.forks import Zygote

# What is logged is shown when a test fails. structlog's own default renders every exception for a terminal, with all
# variables in colours, which takes seconds on a slow machine.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# No test says how quick anything is, and a machine that runs several may be slow.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

pytest_plugins = ["tests.proving", "tests.parallel", "tests.seeding"]

API_PASSWORD = "api-password"
WORKER_PASSWORD = "worker-password"
PATIENCE_S = 30.0
LIMITS = Limits(statement_ms=10_000, idle_in_transaction_ms=10_000, lock_ms=5_000, pool_size=8)


@dataclass(frozen=True)
class Servers:
    """The running servers of this test session."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    data_dir: Path

    def urls(self, database: str) -> "Urls":
        address = self.postgres.address
        return Urls(
            admin=address.url(database),
            api=address.url(database, user="treeex_api", password=API_PASSWORD),
            worker=address.url(database, user="treeex_worker", password=WORKER_PASSWORD),
        )


@dataclass(frozen=True)
class Urls:
    """One database, seen by each role."""

    admin: str
    api: str
    worker: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Real PostgreSQL and Valkey in a folder of their own."""
    data_dir = Path(tempfile.mkdtemp(prefix="tx-"))
    data_dir.chmod(0o711)
    prepare_data_dir(data_dir)
    postgres = EmbeddedPostgres.start(data_dir)
    valkey = EmbeddedValkey.start(data_dir)
    try:
        yield Servers(postgres, valkey, data_dir)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(data_dir, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def zygote(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Zygote]:
    """Forks roles of the product, for tests that start and kill many."""
    running = await Zygote.start("treeex", tmp_path_factory.mktemp("zygote") / "zygote.log")
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(servers: Servers) -> str:
    """The name of a migrated database that others are copied from."""
    connection = await asyncpg.connect(servers.postgres.address.url("postgres"))
    try:
        await connection.execute(
            "CREATE DATABASE migrated TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    finally:
        await connection.close()
    urls = servers.urls("migrated")
    await runner.migrate(urls.admin, login_urls=(urls.api, urls.worker))
    return "migrated"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def urls(servers: Servers, template: str) -> AsyncIterator[Urls]:
    """A fresh migrated database for this module."""
    name = f"t_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(servers.postgres.address.url("postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield servers.urls(name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api_db(urls: Urls) -> AsyncIterator[Database]:
    """The API's role."""
    database = await Database.connect(urls.api, LIMITS, "test api")
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker_db(urls: Urls) -> AsyncIterator[Database]:
    """The workers' role."""
    database = await Database.connect(urls.worker, LIMITS, "test worker")
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def admin(urls: Urls) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection, past all row-level security: for looking at what is really stored."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def valkey(servers: Servers) -> AsyncIterator[core_valkey.Valkey]:
    """An empty Valkey, which is not taken for absent when the machine is slow."""
    client = core_valkey.connect(servers.valkey.url, timeout_s=PATIENCE_S)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """Fresh keys for this session."""
    return parse_keyring(new_keyring())


@pytest.fixture
def settings(servers: Servers, urls: Urls, tmp_path: Path) -> Settings:
    """Settings that point to this module's database and to this session's Valkey."""
    keyring_file = tmp_path / "keyring.json"
    keyring_file.write_text(new_keyring())
    return Settings.model_validate(
        {
            "database_url": urls.api,
            "worker_database_url": urls.worker,
            "admin_database_url": urls.admin,
            "valkey_url": servers.valkey.url,
            "keyring_file": keyring_file,
            "port": 0,
        }
    )
