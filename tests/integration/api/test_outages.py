"""What callers see while a server behind the API is away, and that all is well again without a restart."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from pydantic import SecretStr

from server.core.config import Settings
from server.main import create_app
from server.services.bundle import Services
from tests.conftest import Servers, Urls
from tests.integration.api.conftest import Client, new_tenant, serving
from tests.integration.api.forwarder import Forwarder
from tests.integration.conftest import META_TOKEN, NUMBER_IDS

NOWHERE = "http://127.0.0.1:9"
"""The discard port, where nobody listens."""


@dataclass(frozen=True)
class Shaky:
    """An API whose way to PostgreSQL can be cut."""

    client: Client
    postgres: Forwarder


@pytest_asyncio.fixture(loop_scope="session")
async def shaky(servers: Servers, urls: Urls, module_settings: Settings, services: Services) -> AsyncIterator[Shaky]:
    address = servers.postgres.address
    with tempfile.TemporaryDirectory(prefix="tx-") as folder:
        name = f".s.PGSQL.{address.port}"
        forwarder = Forwarder(Path(folder, name), address.socket_dir / name)
        await forwarder.mend()
        settings = module_settings.model_copy(
            update={
                "database_url": SecretStr(urls.api.replace(quoted(address.socket_dir), quoted(Path(folder)))),
                "valkey_url": SecretStr(f"unix://{folder}/no-valkey.sock"),
                "graph_url": NOWHERE,
            }
        )
        async with aiohttp.ClientSession() as session, serving(create_app(settings)) as base_url:
            tenant = await new_tenant(Client(base_url, session), services, "Shaky")
            yield Shaky(tenant.client, forwarder)
        await forwarder.cut()


@pytest.mark.proves("G12")
async def test_an_absent_database_is_503_and_comes_back_without_a_restart(shaky: Shaky) -> None:
    for path in ("/v1/phone-numbers", "/v1/api-keys/me", "/v1/messages", "/v1/conversations"):
        assert (await shaky.client.get(path)).status == 200
    await shaky.postgres.cut()
    for path in ("/v1/phone-numbers", "/v1/api-keys/me", "/v1/messages", "/v1/conversations"):
        answer = await shaky.client.get(path)
        assert (answer.status, answer.code) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "2"
    assert (await shaky.client.get("/healthz")).status == 200
    await shaky.postgres.mend()
    for path in ("/v1/phone-numbers", "/v1/api-keys/me", "/v1/messages", "/v1/conversations"):
        assert (await shaky.client.get(path)).status == 200


async def test_readiness_says_what_is_missing(shaky: Shaky) -> None:
    ready = await shaky.client.get("/readyz")
    assert (ready.status, ready.body["ready"]) == (200, True)
    checks = {check["name"]: check for check in ready.body["checks"]}
    assert checks["database"]["ok"]
    assert checks["schema"]["ok"]
    assert not checks["valkey"]["ok"]
    assert not checks["valkey"]["required"]
    await shaky.postgres.cut()
    missing = await shaky.client.get("/readyz")
    assert (missing.status, missing.body["ready"]) == (503, False)
    await shaky.postgres.mend()
    assert (await shaky.client.get("/readyz")).status == 200


async def test_a_schema_of_another_version_is_not_ready(shaky: Shaky, admin) -> None:  # type: ignore[no-untyped-def]  # asyncpg's
    async with admin.transaction():
        current = await admin.fetchval("SELECT version_num FROM alembic_version")
    await admin.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        answer = await shaky.client.get("/readyz")
    finally:
        await admin.execute("UPDATE alembic_version SET version_num = $1", current)
    assert answer.status == 503
    [check] = [check for check in answer.body["checks"] if check["name"] == "schema"]
    assert "treeex migrate" in check["detail"]


async def test_an_absent_meta_is_told_so(shaky: Shaky) -> None:
    wanted = {"phone_number_id": NUMBER_IDS[0], "access_token": META_TOKEN}
    answer = await shaky.client.post("/v1/phone-numbers", json=wanted)
    assert (answer.status, answer.code) == (502, "meta_unreachable")
    assert answer.headers["Retry-After"] == "10"
    assert META_TOKEN not in answer.raw.decode()


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_even_a_bad_key_is_503_while_nobody_can_look_it_up(shaky: Shaky, verb: str) -> None:
    await shaky.postgres.cut()
    answer = await shaky.client(verb, "/v1/phone-numbers")
    assert answer.code == "unavailable"
    malformed = await shaky.client(verb, "/v1/phone-numbers", headers={"Authorization": "Bearer x"})
    assert malformed.code == "invalid_key"


def quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path), safe="")
