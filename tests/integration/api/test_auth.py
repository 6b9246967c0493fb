"""Who gets in. Every kind of bad key gets the very same answer, so that nothing can be learnt from it."""

import zlib
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from server.core.clock import now
from server.domain.enums import Scope
from server.services.bundle import Services
from tests.integration.api.conftest import Client, Tenant

ME = "/v1/api-keys/me"
BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def with_checksum(stem: str) -> str:
    """A key of the right form: the checksum is no secret."""
    number, digits = zlib.crc32(stem.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return stem + digits


def other_secret(token: str) -> str:
    stem = token[:-6]
    return with_checksum(stem[:-1] + ("A" if stem[-1] != "A" else "B"))


async def test_a_key_lets_its_workspace_in(tenant: Tenant) -> None:
    answer = await tenant.client.get(ME)
    assert answer.status == 200
    assert answer.body["workspace_id"] == str(tenant.workspace_id)
    assert answer.body["key_id"] == tenant.key_id
    assert answer.body["environment"] == "live"
    assert tenant.token not in answer.raw.decode()


BAD: dict[str, Callable[[str], str]] = {
    "no prefix": lambda token: token.removeprefix("treeex_"),
    "bad prefix": lambda token: "xreeet_" + token[7:],
    "unknown environment": lambda token: with_checksum(token[:-6].replace("_live_", "_prod_")),
    "bad checksum": lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    "typing error": lambda token: token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
    "cut off": lambda token: token[:-1],
    "too long": lambda token: token + "A",
    "unknown id": lambda token: with_checksum("treeex_live_" + "0" * 12 + token[24:-6]),
    "wrong secret": other_secret,
    "other environment": lambda token: with_checksum(token[:-6].replace("_live_", "_test_")),
    "10 kB": lambda token: "treeex_live_" + "A" * 10_240,
    "only spaces": lambda token: "   ",
    "percent": lambda token: "%00%0a",
    "sql": lambda token: "' OR 1=1 --",
}


@pytest.mark.proves("S5")
@pytest.mark.parametrize("kind", BAD)
async def test_every_bad_key_is_refused_alike(api: Client, tenant: Tenant, kind: str) -> None:
    answer = await api.get(ME, headers={"Authorization": f"Bearer {BAD[kind](tenant.token)}"})
    assert answer.status == 401
    assert answer.code == "invalid_key"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert uniform(answer.body) == uniform(await refusal_of_an_unknown_key(api))


@pytest.mark.proves("S5")
async def test_a_revoked_key_is_refused_at_once(api: Client, tenant: Tenant, services: Services) -> None:
    made = await services.api_keys.create(tenant.workspace_id, name="to revoke", scopes=frozenset(Scope))
    client = api.with_key(made.token)
    assert (await client.get(ME)).status == 200
    await services.api_keys.revoke(tenant.workspace_id, made.info.key_id)
    answer = await client.get(ME)
    assert answer.code == "invalid_key"
    assert uniform(answer.body) == uniform(await refusal_of_an_unknown_key(api))


@pytest.mark.proves("S5")
async def test_an_expired_key_is_refused(api: Client, tenant: Tenant, services: Services) -> None:
    past = now() - timedelta(seconds=1)
    made = await services.api_keys.create(tenant.workspace_id, name="over", scopes=frozenset(Scope), expires_at=past)
    answer = await api.with_key(made.token).get(ME)
    assert answer.code == "invalid_key"
    assert uniform(answer.body) == uniform(await refusal_of_an_unknown_key(api))


@pytest.mark.proves("S5")
async def test_a_key_that_expires_later_is_taken(api: Client, tenant: Tenant, services: Services) -> None:
    later = now() + timedelta(hours=1)
    made = await services.api_keys.create(tenant.workspace_id, name="for an hour", scopes=frozenset(), expires_at=later)
    assert (await api.with_key(made.token).get(ME)).status == 200


@pytest.mark.proves("S5")
async def test_a_key_without_the_scope_is_told_which(api: Client, tenant: Tenant, services: Services) -> None:
    made = await services.api_keys.create(tenant.workspace_id, name="reader", scopes=frozenset({Scope.MESSAGES_READ}))
    answer = await api.with_key(made.token).get("/v1/phone-numbers")
    assert answer.status == 403
    assert answer.code == "missing_scope"
    assert "numbers:read" in answer.body["detail"]


@pytest.mark.proves("S5")
async def test_two_authorization_headers_are_refused(api: Client, tenant: Tenant) -> None:
    headers = [("Authorization", f"Bearer {tenant.token}"), ("Authorization", f"Bearer {tenant.token}")]
    async with api.session.get(api.base_url + ME, headers=headers) as response:
        assert response.status == 401


@pytest.mark.proves("S5")
@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer\tx", ""])
async def test_another_scheme_is_refused(api: Client, tenant: Tenant, scheme: str) -> None:
    answer = await api.get(ME, headers={"Authorization": f"{scheme} {tenant.token}"})
    assert answer.status == 401


async def test_the_scheme_may_be_written_in_any_case(api: Client, tenant: Tenant) -> None:
    assert (await api.get(ME, headers={"Authorization": f"bEARER {tenant.token}"})).status == 200


@pytest.mark.proves("S5")
async def test_a_key_outside_of_the_header_is_no_key(api: Client, tenant: Tenant) -> None:
    for query in (f"?api_key={tenant.token}", f"?access_token={tenant.token}", f"?token={tenant.token}"):
        answer = await api.get(ME + query)
        assert answer.code == "missing_key"
        assert tenant.token not in answer.raw.decode()
    assert (await api.get(ME, headers={"X-API-Key": tenant.token})).code == "missing_key"
    assert (await api.get(ME, cookies={"Authorization": tenant.token})).code == "missing_key"


@pytest.mark.proves("S5")
async def test_unicode_in_the_key_is_refused(api: Client) -> None:
    raw = "treeex_live_\u00e9\u0661\u0662".encode()
    answer = await by_hand(api, b"GET /v1/api-keys/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + raw)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'"invalid_key"' in answer


async def test_a_bad_key_is_refused_before_the_body_is_looked_at(api: Client) -> None:
    answer = await api.post("/v1/phone-numbers", data=b"{", headers={"Content-Type": "application/json"})
    assert answer.code == "missing_key"


@pytest.mark.proves("G20")
async def test_only_an_hmac_of_a_key_is_stored(tenant: Tenant, admin) -> None:  # type: ignore[no-untyped-def]  # asyncpg's
    row = await admin.fetchrow("SELECT * FROM api_keys WHERE key_id = $1", tenant.key_id)
    stored = repr(dict(row))
    assert tenant.token not in stored
    assert tenant.token[24:-6] not in stored
    assert len(row["secret_hmac"]) == 32


async def test_a_key_is_of_its_workspace_only(services: Services, tenant: Tenant, other_tenant: Tenant) -> None:
    keys = await services.api_keys.list(other_tenant.workspace_id)
    assert {key.workspace_id for key in keys} == {other_tenant.workspace_id}
    assert tenant.key_id not in {key.key_id for key in keys}


def uniform(problem: dict[str, object]) -> dict[str, object]:
    UUID(str(problem["trace_id"]))
    return {**problem, "trace_id": None}


async def refusal_of_an_unknown_key(api: Client) -> dict[str, object]:
    answer = await api.get(ME, headers={"Authorization": "Bearer nothing"})
    assert answer.code == "invalid_key"
    found: dict[str, object] = answer.body
    return found


async def by_hand(api: Client, head: bytes) -> bytes:
    """For what no client library would send."""
    import asyncio
    from urllib.parse import urlsplit

    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(api.base_url).port)
    writer.write(head + b"\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer
