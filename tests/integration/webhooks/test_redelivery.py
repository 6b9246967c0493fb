"""Meta repeats, reorders and repacks: whatever comes once or five times leaves one row and one event."""

import asyncio
import json
import random
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.webhooks.conftest import Receiver, World, signed, until
from tests.integration.webhooks.fields import DISPLAY, TEMPLATE
from tests.integration.webhooks.payloads import NOON, change, status, text

WORKERS = 4


class Told:
    """Everything that Meta has to say, as changes that can be packed in any way."""

    def __init__(self, number: str, sent: list[str]) -> None:
        self.number = number
        self.sent = sent
        self.people = [f"155501{index:05}" for index in range(7)]

    def change(self, index: int) -> dict[str, Any]:
        kinds = (self.message, self.message, self.status, self.status, self.echo, self.preference, self.template)
        return kinds[index % len(kinds)](index)

    def message(self, index: int) -> dict[str, Any]:
        return change(self.number, messages=[text(f"wamid.in.{index}", sender=self.who(index), at=index)])

    def status(self, index: int) -> dict[str, Any]:
        name = ("sent", "delivered", "read")[index // 7 % 3]
        return change(self.number, statuses=[status(self.sent[index // 7 // 3 % len(self.sent)], name, at=index % 7)])

    def echo(self, index: int) -> dict[str, Any]:
        echo = {"from": DISPLAY, "to": self.who(index), "id": f"wamid.echo.{index}", "timestamp": str(NOON + index)}
        return self._of_number(
            "smb_message_echoes", {"message_echoes": [{**echo, "type": "text", "text": {"body": "x"}}]}
        )

    def preference(self, index: int) -> dict[str, Any]:
        stated = {"wa_id": self.who(index), "category": "marketing_messages", "timestamp": NOON + index}
        return self._of_number(
            "user_preferences", {"user_preferences": [{**stated, "value": ("stop", "resume")[index % 2]}]}
        )

    def template(self, index: int) -> dict[str, Any]:
        event = ("APPROVED", "PAUSED", "REJECTED")[index % 3]
        value = {**TEMPLATE, "event": event, "other_info": {"title": str(index)}}
        return {"field": "message_template_status_update", "value": value}

    def who(self, index: int) -> str:
        return self.people[(index + index // 7) % len(self.people)]

    def _of_number(self, field: str, value: dict[str, Any]) -> dict[str, Any]:
        metadata = {"display_phone_number": DISPLAY, "phone_number_id": self.number}
        return {"field": field, "value": {"metadata": metadata, **value}}


@pytest.mark.proves("G4", "G10", "C8")
@pytest.mark.parametrize("events", [150, pytest.param(2000, marks=pytest.mark.long)])
async def test_each_event_counts_once(post, receiver: Receiver, world: World, worker_db, keyring, events: int) -> None:
    chosen = random.Random(events)
    number, meta = await world.number()
    sent = [f"wamid.out.{index}" for index in range(7)]
    for wamid in sent:
        await world.sent_message(number, wamid=wamid)
    told = Told(meta, sent)
    deliveries = [index for index in range(events) for _ in range(chosen.randint(1, 5))]
    chosen.shuffle(deliveries)
    bodies = []
    while deliveries:
        size = chosen.randint(1, 20)
        bodies.append(packed(world, [told.change(index) for index in deliveries[:size]], chosen))
        deliveries = deliveries[size:]
    workers = [asyncio.create_task(work(Webhooks(worker_db, OpaqueIds(keyring), lease_s=60.0))) for _ in range(WORKERS)]
    try:
        waiting = asyncio.Queue[bytes]()
        for raw in bodies:
            waiting.put_nowait(raw)
        await asyncio.gather(*(deliver(post, waiting) for _ in range(4)))

        async def done() -> bool:
            return not await world.jobs()

        await until(done)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    await check(world, number, told, events)


def packed(world: World, changes: list[dict[str, Any]], chosen: random.Random) -> bytes:
    """Some changes in one or two entries; those of templates keep the time that they were told at."""
    cut = chosen.randint(0, len(changes))
    account = str(world.waba.int)[-15:]
    entries = [{"id": account, "time": NOON, "changes": part} for part in (changes[:cut], changes[cut:]) if part]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


async def deliver(post, waiting: asyncio.Queue[bytes]) -> None:
    while not waiting.empty():
        raw = waiting.get_nowait()
        assert await post(raw, signed(raw)) == (200, "OK")


async def work(webhooks: Webhooks) -> None:
    while True:
        jobs = await webhooks.sweep(7)
        await webhooks.process(jobs)
        await asyncio.sleep(0 if jobs else 0.02)


async def check(world: World, number: UUID, told: Told, events: int) -> None:
    """What there must be, counted from what was told."""
    assert await world.admin.fetchval("SELECT count(*) FROM webhook_failures") == 0
    kinds = Counter(index % 7 for index in range(events))
    stored = await world.admin.fetch("SELECT id, wamid, source FROM messages WHERE workspace_id = $1", world.workspace)
    assert len([row for row in stored if row["wamid"].startswith("wamid.in.")]) == kinds[0] + kinds[1]
    assert len([row for row in stored if row["source"] == "app"]) == kinds[4]
    rows = await world.admin.fetch(
        "SELECT type, count(*) AS times FROM events WHERE workspace_id = $1 GROUP BY type", world.workspace
    )
    found = {row["type"]: row["times"] for row in rows}
    statuses = {
        (item["id"], item["status"])
        for index in range(events)
        if index % 7 in (2, 3)
        for item in told.status(index)["value"]["statuses"]
    }
    told_statuses = Counter(f"message.{name}" for _, name in statuses)
    assert found == {
        "message.received": kinds[0] + kinds[1],
        "message.echoed": kinds[4],
        "contact.preference_stated": kinds[5],
        "contact.consent_changed": kinds[5],
        "template.status_changed": kinds[6],
        **told_statuses,
    }
    contacts = "SELECT count(*) FROM contacts WHERE workspace_id = $1"
    assert await world.admin.fetchval(contacts, world.workspace) == len(told.people)
    # All were told at one time: the greatest word stays, whatever came last.
    words = [("APPROVED", "PAUSED", "REJECTED")[index % 3] for index in range(events) if index % 7 == 6]
    template = await world.admin.fetchrow("SELECT status FROM templates WHERE workspace_id = $1", world.workspace)
    assert template["status"] == max(words)
