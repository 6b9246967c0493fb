"""What webhooks tell that slows a number's sending: what people write, and what Meta refuses after it took it."""

import time
from uuid import UUID

import pytest

from server.queue import keys
from server.queue.outbound import OutboundQueue, Ring
from server.services.congestion import Congestion
from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.webhooks.conftest import Receiver
from tests.integration.webhooks.payloads import NOON, body, change, status, text

RATE = 20.0
OWED_US = 300_000


@pytest.fixture
def queue(valkey) -> OutboundQueue:
    return OutboundQueue(valkey)


@pytest.fixture
def receiver(inbox, app, worker_db, keyring, queue) -> Receiver:
    """Its worker tells the senders."""
    congestion = Congestion(worker_db, queue)
    return Receiver(inbox, Webhooks(worker_db, OpaqueIds(keyring), lease_s=5.0, congestion=congestion), app)


@pytest.fixture
def owed(valkey, queue):
    """Rings a number, and tells how many microseconds its limiter has been put off since."""
    arrivals: dict[UUID, int] = {}

    async def read(number: UUID) -> int:
        if number not in arrivals:
            await queue.ring([Ring(number, RATE)])
            seconds, micros = await valkey.time()
            arrivals[number] = seconds * 1_000_000 + micros + OWED_US
            await valkey.hset(keys.OUTBOUND_ARRIVALS, number.bytes, arrivals[number])
        return int(await valkey.hget(keys.OUTBOUND_ARRIVALS, number.bytes)) - arrivals[number]

    return read


def just_now() -> int:
    """As payloads give times."""
    return int(time.time()) - NOON


@pytest.mark.proves("G13")
async def test_what_people_write_is_paid_for_once(receiver, world, owed) -> None:
    number, meta = await world.number()
    assert await owed(number) == 0
    same = body(change(meta, messages=[text("wamid.1", at=just_now()), text("wamid.2", at=just_now())]))
    await receiver.receive(same)
    paid = await owed(number)
    assert paid > 2 * 1_000_000 / RATE
    await receiver.receive(same)
    assert await owed(number) == paid


async def test_what_they_wrote_long_ago_is_not(receiver, world, owed) -> None:
    number, meta = await world.number()
    assert await owed(number) == 0
    await receiver.receive(body(change(meta, messages=[text("wamid.old")])))
    assert len(await world.inbound(number)) == 1
    assert await owed(number) == 0


@pytest.mark.proves("G14")
@pytest.mark.parametrize(("ago_s", "share"), [(0, 0.5), (600, None)])
async def test_a_late_refusal_slows_the_number_once(receiver, world, valkey, ago_s: int, share: float | None) -> None:
    number, meta = await world.number()
    message = await world.sent_message(number, wamid="wamid.out", state=None)
    failed = status("wamid.out", "failed", at=just_now() - ago_s, opaque=world.opaque(message), code=130429)
    for _ in range(2):
        await receiver.receive(body(change(meta, statuses=[failed])))
    assert (await world.message(message))["failed_at"] is not None
    known = await valkey.hget(keys.OUTBOUND_SLOWNESS, number.bytes)
    assert (None if known is None else float(known.split()[0])) == share


async def test_without_valkey_webhooks_are_applied_all_the_same(receiver, world, valkey) -> None:
    number, meta = await world.number()
    await valkey.config_set("maxmemory", "1")
    try:
        await receiver.receive(body(change(meta, messages=[text("wamid.full", at=just_now())])))
    finally:
        await valkey.config_set("maxmemory", "0")
    assert len(await world.inbound(number)) == 1
