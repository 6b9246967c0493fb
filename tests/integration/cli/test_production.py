"""In production a role refuses to start on what would make a guarantee void; in development it starts."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from server.bootstrap import CannotStart, api_runtime, worker_runtime
from server.core.config import Settings
from tests.conftest import Urls


@pytest.fixture
def production(module_settings: Settings) -> Settings:
    return module_settings.model_copy(update={"environment": "production"})


async def test_safe_settings_start(production: Settings) -> None:
    async with api_runtime(production) as services:
        assert (await services.health.readiness()).ready
    async with worker_runtime(production, "all") as worker:
        assert worker.actors


@pytest.mark.proves("S17")
@pytest.mark.parametrize("setting", ["database_url", "worker_database_url"])
async def test_an_owner_is_refused(production: Settings, urls: Urls, setting: str) -> None:
    changed = production.model_copy(update={setting: SecretStr(urls.admin)})
    with pytest.raises(CannotStart, match=r"^not safe for production: the role postgres is a superuser.*; connect as"):
        await start(changed, setting)
    await start(changed.model_copy(update={"environment": "development"}), setting)


@pytest.mark.proves("S17", "S3")
async def test_a_table_without_protection_is_refused(production: Settings, admin: Any) -> None:
    await admin.execute("ALTER TABLE events DISABLE ROW LEVEL SECURITY")
    try:
        with pytest.raises(CannotStart, match="row-level security is not forced on events"):
            await start(production, "database_url")
    finally:
        await admin.execute("ALTER TABLE events ENABLE ROW LEVEL SECURITY")


@pytest.mark.proves("S17")
async def test_a_server_that_may_lose_commits_is_refused(production: Settings, admin: Any) -> None:
    await set_fsync(admin, "SET fsync = off", "off")
    try:
        with pytest.raises(CannotStart, match="fsync"):
            await start(production, "database_url")
    finally:
        await set_fsync(admin, "RESET fsync", "on")


async def set_fsync(admin: Any, change: str, until: str) -> None:
    """The server takes a changed configuration up a moment later."""
    await admin.execute(f"ALTER SYSTEM {change}")
    await admin.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(30):
        while await admin.fetchval("SHOW fsync") != until:
            await asyncio.sleep(0.01)


async def start(settings: Settings, setting: str) -> None:
    runtime: Any = api_runtime(settings) if setting == "database_url" else worker_runtime(settings, "maintenance")
    async with runtime:
        pass
