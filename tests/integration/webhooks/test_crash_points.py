"""The API and the webhook worker die at each of their crash points; every webhook has one effect in the end."""

import asyncio
import signal

import aiohttp
import pytest

from server.bootstrap import admin_runtime
from server.queue import keys
from tests.integration.roles import Roles
from tests.integration.webhooks.conftest import DEADLINE_S, SECRET, VERIFY_TOKEN, World, signed, until
from tests.integration.webhooks.payloads import body, change, text

LEASE_S = 0.5


@pytest.fixture
async def signed_app(settings, admin) -> None:
    """The app `default`, sealed with the keyring that the processes have."""
    await admin.execute("DELETE FROM apps")
    await admin.execute("TRUNCATE webhook_inbox, webhook_jobs, webhook_failures")
    async with admin_runtime(settings) as services:
        await services.apps.create(slug="default", app_secret=SECRET, verify_token=VERIFY_TOKEN)


async def post(address: str, raw: bytes) -> int | None:
    """The status of the answer; None when the connection ended without one."""
    headers = {"X-Hub-Signature-256": signed(raw)}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{address}/webhooks/whatsapp", data=raw) as answer,
        ):
            return answer.status
    except aiohttp.ClientConnectionError:
        return None


async def work_off(roles: Roles, world: World) -> None:
    """Runs a webhook worker until nothing is left to do."""

    async def is_done() -> bool:
        return await world.jobs() == 0

    async with roles.worker("webhook", webhook_lease_s=LEASE_S):
        await until(is_done)


@pytest.mark.proves("G1", "G4", "C1")
@pytest.mark.parametrize(
    ("failpoint", "stored"),
    [
        pytest.param("wh.body_read", 0, marks=pytest.mark.proves("K1")),
        pytest.param("wh.before_commit", 0, marks=pytest.mark.proves("K2")),
        pytest.param("wh.committed", 1, marks=pytest.mark.proves("K3")),
        pytest.param("wh.acked", 1, marks=pytest.mark.proves("K4")),
    ],
)
async def test_metas_repetition_after_a_kill_has_one_effect(
    roles, signed_app, world, admin, valkey, failpoint, stored
) -> None:
    number, meta = await world.number()
    raw = body(change(meta, messages=[text("wamid.crash")]))
    async with roles.api(failpoints=f"{failpoint}=kill") as address:
        first = await post(address, raw)
    assert first is None or failpoint == "wh.acked"
    assert await valkey.llen(keys.WEBHOOKS) == 0  # it died before it told the queue
    assert await admin.fetchval("SELECT count(*) FROM webhook_inbox") == await world.jobs() == stored
    async with roles.api() as address:
        assert await post(address, raw) == 200
    await work_off(roles, world)
    (message,) = await world.inbound(number)
    assert await world.event_types(message["id"]) == ["message.received"]


@pytest.mark.proves("G4", "G5", "C10")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("ww.claimed", marks=pytest.mark.proves("K5")),
        pytest.param("ww.mid_batch", marks=pytest.mark.proves("K6")),
        pytest.param("ww.committed", marks=pytest.mark.proves("K7")),
    ],
)
async def test_a_worker_that_is_killed_leaves_nothing_undone_and_nothing_done_twice(
    receiver, roles, world, admin, failpoint
) -> None:
    number, meta = await world.number()
    await receiver.take_in(*(body(change(meta, messages=[text(f"wamid.kill{index}")])) for index in range(20)))
    async with (
        roles.worker("webhook", webhook_lease_s=LEASE_S, failpoints=f"{failpoint}=kill") as worker,
        asyncio.timeout(DEADLINE_S),
    ):
        assert await worker.ended == -signal.SIGKILL
    done = 20 if failpoint == "ww.committed" else 0
    assert len(await world.inbound(number)) == done
    assert await world.jobs() == 20 - done
    await work_off(roles, world)
    messages = await world.inbound(number)
    assert len(messages) == 20
    for message in messages:
        assert await world.event_types(message["id"]) == ["message.received"]
    assert await admin.fetchval("SELECT count(*) FROM webhook_failures") == 0
