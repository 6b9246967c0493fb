"""Raw webhooks go when they had their time, a week at a time, and none of which something still waits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from server.core.db import Database
from server.queue.outbound import OutboundQueue
from server.services.maintenance import Maintenance
from tests.integration.webhooks.conftest import Receiver

RETENTION = timedelta(days=90)


@pytest.fixture
def maintenance(worker_db: Database, valkey) -> Maintenance:
    return Maintenance(worker_db, OutboundQueue(valkey), stale_after_s=60.0, webhook_retention=RETENTION)


async def week_of(admin: asyncpg.Connection, monday: datetime) -> UUID:
    """Makes the partition of a week, with a body in it that was not applied in full."""
    name = f"webhook_inbox_{monday:%G}w{monday:%V}"
    ends = [await admin.fetchval("SELECT uuid_floor($1)", at) for at in (monday, monday + timedelta(weeks=1))]
    await admin.execute(
        f"CREATE TABLE {name} PARTITION OF webhook_inbox FOR VALUES FROM ('{ends[0]}') TO ('{ends[1]}')"
    )
    body: UUID = await admin.fetchval("SELECT uuid_floor($1)", monday + timedelta(days=6, hours=23))
    await admin.execute("INSERT INTO webhook_inbox (id, app_id, body) VALUES ($1, $1, '')", body)
    await admin.execute(
        "INSERT INTO webhook_failures (inbox_id, change_index, kind, error) VALUES ($1, 0, 'dead', 'x')", body
    )
    return body


async def kept(admin: asyncpg.Connection) -> set[UUID]:
    bodies = {row["id"] for row in await admin.fetch("SELECT id FROM webhook_inbox")}
    notes = {row["inbox_id"] for row in await admin.fetch("SELECT inbox_id FROM webhook_failures")}
    assert notes <= bodies
    return bodies


async def test_whole_weeks_go_when_all_of_them_is_old(
    maintenance: Maintenance, receiver: Receiver, admin: asyncpg.Connection
) -> None:
    limit = (datetime.now(UTC) - RETENTION).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = limit - timedelta(days=limit.weekday())
    young, waits, old = [await week_of(admin, monday - timedelta(weeks=weeks)) for weeks in (0, 2, 3)]
    (fresh,) = await receiver.receive(b"{}")
    await admin.execute("INSERT INTO webhook_jobs (inbox_id) VALUES ($1)", waits)
    assert await kept(admin) == {young, waits, old, fresh}
    assert await maintenance.prune_webhooks() == 1
    assert await kept(admin) == {young, waits, fresh}
    await admin.execute("DELETE FROM webhook_jobs")
    assert await maintenance.prune_webhooks() == 1
    assert await maintenance.prune_webhooks() == 0
    assert await kept(admin) == {young, fresh}
