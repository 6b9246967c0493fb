"""The webhook worker: by the queue, without it, and beside others."""

import asyncio

import pytest

from server.core import valkey as core_valkey
from server.core.ids import new_id
from server.queue.webhooks import WebhookQueue
from server.workers.loop import Stopping
from server.workers.webhook import WebhookWorker
from tests.integration.webhooks.conftest import until
from tests.integration.webhooks.payloads import body, change, text


async def run_until(worker: WebhookWorker, condition) -> None:
    stopping = Stopping()
    tasks = [asyncio.create_task(actor(stopping)) for actor in worker.actors()]
    try:
        await until(condition)
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def test_it_applies_what_the_queue_names(receiver, world, webhooks, valkey) -> None:
    number, meta = await world.number()
    await receiver.take_in(*(body(change(meta, messages=[text(f"wamid.Q{index}")])) for index in range(50)))
    worker = WebhookWorker(webhooks, WebhookQueue(valkey), batch=20)

    async def all_applied() -> bool:
        return len(await world.inbound(number)) == 50 and await world.jobs() == 0

    await run_until(worker, all_applied)
    assert await valkey.llen("queue:webhooks") == 0


@pytest.mark.proves("G11")
async def test_it_applies_everything_without_valkey(receiver, world, webhooks) -> None:
    closed = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    client = core_valkey.connect(f"redis://127.0.0.1:{port}")
    number, meta = await world.number()
    await receiver.take_in(*(body(change(meta, messages=[text(f"wamid.V{index}")])) for index in range(50)))
    worker = WebhookWorker(webhooks, WebhookQueue(client), batch=20)

    async def all_applied() -> bool:
        return len(await world.inbound(number)) == 50

    await run_until(worker, all_applied)
    await client.aclose()


@pytest.mark.proves("G11")
async def test_it_applies_what_the_queue_lost_and_survives_ids_that_mean_nothing(
    receiver, world, webhooks, valkey
) -> None:
    number, meta = await world.number()
    await receiver.take_in(body(change(meta, messages=[text("wamid.L")])))
    await receiver.inbox.close()
    await valkey.delete("queue:webhooks")
    await valkey.rpush("queue:webhooks", b"", b"short", b"x" * 40, new_id().bytes, str(new_id()))
    worker = WebhookWorker(webhooks, WebhookQueue(valkey), batch=20)

    async def applied() -> bool:
        return len(await world.inbound(number)) == 1 and await valkey.llen("queue:webhooks") == 0

    await run_until(worker, applied)


async def test_it_releases_and_adopts_by_itself(receiver, world, webhooks, valkey) -> None:
    later = str(world.waba.int)[-14:] + "7"
    await receiver.receive(body(change(later, messages=[text("wamid.M")])))
    number, _ = await world.number(later)
    worker = WebhookWorker(webhooks, WebhookQueue(valkey), batch=20)

    async def applied() -> bool:
        return len(await world.inbound(number)) == 1

    await run_until(worker, applied)


async def test_what_was_tried_before_runs_beside_nothing_else(receiver, world, webhooks, worker_db, valkey) -> None:
    """It may end the worker, and then nothing else should be in its hands."""
    number, meta = await world.number()
    await receiver.take_in(*(body(change(meta, messages=[text(f"wamid.T{index}")])) for index in range(60)))
    await world.admin.execute(
        "UPDATE webhook_jobs SET attempts = 1 WHERE inbox_id IN (SELECT inbox_id FROM webhook_jobs LIMIT 6)"
    )
    process, under_way, beside = webhooks.process, [], []

    async def watched(jobs) -> None:
        under_way.append(jobs)
        if any(not job.is_fresh for batch in under_way for job in batch):
            beside.append(len([batch for batch in under_way if batch]))
        if all(job.is_fresh for job in jobs):
            # Long enough for another batch to begin.
            async with worker_db.hot() as connection:
                await connection.execute("SELECT pg_sleep(0.05)")
        await process(jobs)
        under_way.remove(jobs)

    webhooks.process = watched
    worker = WebhookWorker(webhooks, WebhookQueue(valkey), batch=5)

    async def all_applied() -> bool:
        return len(await world.inbound(number)) == 60 and await world.jobs() == 0

    await run_until(worker, all_applied)
    assert set(beside) == {1}
