"""Group commit: many bodies share a transaction, and each waits for its commit and for nothing else."""

import asyncio

import pytest

from server.core.db import Database
from server.queue.webhooks import WebhookQueue
from server.services.inbox import Inbox, NotCommitted
from tests.conftest import LIMITS
from tests.integration.webhooks.conftest import until


async def transactions(admin) -> int:
    """How many transactions wrote bodies: each row carries its transaction's id."""
    return await admin.fetchval("SELECT count(DISTINCT xmin::text) FROM webhook_inbox")


async def test_concurrent_bodies_share_few_transactions(inbox, admin, app) -> None:
    await asyncio.gather(*(inbox.store(app.id, b"%d" % index) for index in range(400)))
    stored = await admin.fetch("SELECT body FROM webhook_inbox")
    assert {int(row["body"]) for row in stored} == set(range(400))
    assert await admin.fetchval("SELECT count(*) FROM webhook_jobs") == 400
    assert await transactions(admin) <= 4


@pytest.mark.proves("G1")
async def test_it_returns_only_after_the_commit(inbox, admin, app) -> None:
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_jobs")
        waiting = [asyncio.create_task(inbox.store(app.id, b"a")) for _ in range(3)]
        await until(
            lambda: admin.fetchval(
                "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'webhook_jobs'::regclass"
            )
        )
        assert not any(task.done() for task in waiting)
    ids = await asyncio.gather(*waiting)
    stored = await admin.fetch("SELECT id FROM webhook_inbox")
    assert {row["id"] for row in stored} == set(ids)


async def test_a_request_that_goes_away_takes_no_other_with_it(inbox, admin, app) -> None:
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_jobs")
        first = [asyncio.create_task(inbox.store(app.id, b"first")) for _ in range(4)]
        await until(
            lambda: admin.fetchval(
                "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'webhook_jobs'::regclass"
            )
        )
        later = [asyncio.create_task(inbox.store(app.id, b"later")) for _ in range(4)]
        await asyncio.sleep(0)
        for task in (first[0], later[0]):
            task.cancel()
        await asyncio.wait([first[0], later[0]])
    answered = await asyncio.gather(*first[1:], *later[1:])
    stored = {row["id"] for row in await admin.fetch("SELECT id FROM webhook_inbox")}
    assert set(answered) <= stored


@pytest.mark.proves("G3", "C7")
async def test_what_waits_longer_than_the_time_out_is_refused_and_leaves_nothing_in_memory(
    api_db, valkey, keyring, admin, app
) -> None:
    inbox = Inbox(api_db, WebhookQueue(valkey), keyring, 0.2)
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_inbox")
        for _ in range(3):
            results = await asyncio.gather(*(inbox.store(app.id, b"a") for _ in range(5)), return_exceptions=True)
            assert {type(result) for result in results} == {NotCommitted}
    await inbox.close()
    assert inbox._waiting == {}
    assert inbox._bytes_waiting == 0


@pytest.mark.proves("G3")
async def test_a_database_that_is_away_refuses_everything_at_once(servers, urls, valkey, keyring, app) -> None:
    database = await Database.connect(urls.api, LIMITS, "test")
    inbox = Inbox(database, WebhookQueue(valkey), keyring, 30.0)
    await database.close()
    async with asyncio.timeout(20):
        results = await asyncio.gather(*(inbox.store(app.id, b"a") for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {NotCommitted}
    await inbox.close()


@pytest.mark.proves("G24")
async def test_waiting_bodies_are_bounded_in_bytes(inbox, admin, app) -> None:
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_inbox")
        large = bytes(4 * 1024 * 1024)
        tasks = [asyncio.create_task(inbox.store(app.id, large)) for _ in range(30)]
        await until(lambda: any(task.done() for task in tasks))
        with pytest.raises(NotCommitted, match="too many"):
            await next(task for task in tasks if task.done())
    results = await asyncio.gather(*tasks, return_exceptions=True)
    answered = {result for result in results if not isinstance(result, NotCommitted)}
    assert answered == {row["id"] for row in await admin.fetch("SELECT id FROM webhook_inbox")}


async def test_the_queue_hears_of_what_was_committed(inbox, valkey, app) -> None:
    ids = await asyncio.gather(*(inbox.store(app.id, b"a") for _ in range(10)))
    await inbox.close()
    assert set(await WebhookQueue(valkey).pop(100, 0)) == set(ids)
