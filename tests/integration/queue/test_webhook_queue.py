"""`queue:webhooks`: ids in, ids out, and no harm when the server is away."""

import asyncio

from server.core import valkey as core_valkey
from server.core.ids import new_id
from server.queue import webhooks
from server.queue.webhooks import WebhookQueue
from tests.conftest import PATIENCE_S


async def test_ids_come_out_in_order_and_at_most_as_many_as_asked_for(valkey) -> None:
    queue = WebhookQueue(valkey)
    ids = [new_id() for _ in range(5)]
    assert await queue.enqueue(ids[:2])
    assert await queue.enqueue(ids[2:])
    assert await queue.pop(3, 0) == ids[:3]
    assert await queue.pop(10, 0.2) == ids[3:]
    assert await queue.pop(10, 0) == []
    assert await queue.enqueue([])


async def test_a_waiting_pop_hears_of_an_id_at_once(valkey, servers) -> None:
    other = core_valkey.connect(servers.valkey.url, timeout_s=2 * PATIENCE_S)
    waiting = asyncio.create_task(WebhookQueue(other).pop(10, PATIENCE_S))
    ids = [new_id()]
    await WebhookQueue(valkey).enqueue(ids)
    assert await waiting == ids
    await other.aclose()


async def test_the_list_stays_bounded(valkey, monkeypatch) -> None:
    monkeypatch.setattr(webhooks, "LONGEST", 10)
    ids = [new_id() for _ in range(15)]
    await WebhookQueue(valkey).enqueue(ids)
    assert await WebhookQueue(valkey).pop(100, 0) == ids[5:]


async def test_a_server_that_is_away_is_left_alone_for_a_while_and_then_used_again(valkey, monkeypatch) -> None:
    at = 100.0
    monkeypatch.setattr(webhooks, "monotonic", lambda: at)
    queue = WebhookQueue(valkey)
    await valkey.config_set("maxmemory", "1")
    assert not await queue.enqueue([new_id()])
    await valkey.config_set("maxmemory", "0")
    assert not await queue.enqueue([new_id()])
    assert await queue.pop(1, 0.5) == []
    at += webhooks._FIRST_PAUSE_S
    assert await queue.enqueue([new_id()])
