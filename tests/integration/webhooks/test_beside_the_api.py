"""Receiving and accepting write the same conversations at the same time."""

import asyncio
from datetime import UTC, datetime

from server.core.ids import new_id
from server.repositories import conversations
from server.repositories.inbound import Word, hear
from tests.integration.webhooks.conftest import until


async def test_hearing_people_old_and_new_never_deadlocks_with_accepting_messages_to_them(
    world, admin, api_db, worker_db
) -> None:
    number, _ = await world.number()
    known, new, at = new_id(), new_id(), datetime.now(UTC)
    async with worker_db.hot() as connection:
        [existing] = (await hear(connection, [Word((world.workspace, number, known), new_id(), at, at)])).values()

    async def listen() -> dict:
        words = [Word((world.workspace, number, contact), new_id(), at, at) for contact in (known, new)]
        async with worker_db.hot() as connection:
            return await hear(connection, words)

    async with api_db.hot(world.workspace) as accepting:
        made = await conversations.ensure(accepting, world.workspace, {(number, new)})
        listening = asyncio.create_task(listen())
        await until(lambda: admin.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"))
        # As accepting does once the new conversation is made; a deadlock would be raised here or there.
        await accepting.execute("SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE", existing)
    assert await listening == {
        (world.workspace, number, known): existing,
        (world.workspace, number, new): made[number, new],
    }
    heard = await admin.fetch("SELECT last_inbound_at FROM conversations WHERE phone_number_id = $1", number)
    assert [row["last_inbound_at"] for row in heard] == [at, at]
