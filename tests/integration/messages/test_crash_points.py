"""The API dies at each of its crash points; whoever repeats the request gets one message in the end."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from server.bootstrap import admin_runtime
from server.domain.enums import Scope
from server.queue import keys
from tests.integration.invariants import broken
from tests.integration.seed import Workspace


async def post(address: str, token: str, body: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes] | None:
    """The answer to a request with the key `k`; None when the connection ended without one."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{address}/v1/messages", json=body) as answer,
        ):
            return answer.status, answer.headers, await answer.read()
    except aiohttp.ClientConnectionError:
        return None


@pytest.mark.proves("G6", "G17", "C1")
@pytest.mark.parametrize(
    ("failpoint", "stored"),
    [
        pytest.param("api.before_commit", 0, marks=pytest.mark.proves("K10")),
        pytest.param("api.committed", 1, marks=pytest.mark.proves("K11")),
        pytest.param("api.acked", 1, marks=pytest.mark.proves("K12")),
    ],
)
async def test_a_repetition_after_a_kill_makes_no_second_message(
    settings, admin, valkey, roles, failpoint, stored
) -> None:
    async with admin_runtime(settings) as services:
        workspace = await services.workspaces.create("Shop")
        key = await services.api_keys.create(workspace.id, name="till", scopes=frozenset(Scope))
    seeded = await Workspace(admin, id=workspace.id).add_key_and_account()
    number = await seeded.number()
    await seeded.person(number)
    body = {"from": str(number), "to": "+15550101", "type": "text", "text": {"body": "Good morning"}}

    async with roles.api(failpoints=f"{failpoint}=kill") as address:
        first = await post(address, key.token, body)
    assert first is None or failpoint == "api.acked"
    assert await valkey.zscore(keys.OUTBOUND, number.bytes) is None  # it died before it rang
    assert [await seeded.count(table) for table in ("messages", "outbox", "idempotency_keys")] == [stored] * 3

    async with roles.api() as address:
        again = await post(address, key.token, body)
    assert again is not None
    assert again[0] == 202
    assert ("Idempotency-Replayed" in again[1]) == bool(stored)
    assert first is None or first[2] == again[2]
    assert [await seeded.count(table) for table in ("messages", "outbox", "idempotency_keys")] == [1, 1, 1]
    assert await broken(admin) == {}
