"""The inbox and its dedupe against a dictionary: however something is delivered, it is one row and one event."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from server.core.crypto import Keyring
from server.core.db import Database
from server.core.ids import new_id
from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.conftest import LIMITS, Urls
from tests.integration.webhooks.conftest import World
from tests.integration.webhooks.payloads import NOON, change, status, text

STATUSES = ("sent", "delivered", "read", "failed")
PEOPLE = ("15550141", "15550142", "15550143")
Said = tuple[str, int, int]
"""What Meta says: a kind, which one of it, and a shade of it (a status, a person, a time)."""
KINDS = ("message", "status", "call", "template", "later")
said = st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 3))


class Servers:
    """One loop and one set of connections for all examples, since those of the fixtures belong to another loop."""

    def __init__(self, urls: Urls, keyring: Keyring) -> None:
        self._runner = asyncio.Runner()
        self.opaque_ids = OpaqueIds(keyring)
        self.admin = self.do(asyncpg.connect(urls.admin))
        self.worker_db = self.do(Database.connect(urls.worker, LIMITS, "test worker"))

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(what)

    def close(self) -> None:
        self.do(self.worker_db.close())
        self.do(self.admin.close())
        self._runner.close()


class Inbox(RuleBasedStateMachine):
    """Rules deliver and apply; the model is what was delivered, each thing once."""

    servers: Servers

    def __init__(self) -> None:
        super().__init__()
        self.delivered: set[Said] = set()
        self.connected = False
        self.bodies: list[UUID] = []

    @initialize()
    def begin(self) -> None:
        self.do(self._begin())

    async def _begin(self) -> None:
        admin = self.servers.admin
        await admin.execute("TRUNCATE webhook_inbox, webhook_jobs, webhook_failures, orphan_statuses")
        self.world = await World(admin, self.servers.opaque_ids).create()
        self.number, self.meta = await self.world.number()
        self.later = f"{self.meta}9"
        self.sent = [
            await self.world.sent_message(self.number, wamid=f"wamid.out.{index}", state=None) for index in range(6)
        ]
        self.webhooks = Webhooks(self.servers.worker_db, self.servers.opaque_ids, lease_s=60.0)

    @rule(things=st.lists(said, min_size=1, max_size=8), cut=st.integers(0, 8), app=st.sampled_from((0, 1)))
    def deliver(self, things: list[Said], cut: int, app: int) -> None:
        self.delivered |= set(things)
        changes = [self._change(thing) for thing in things]
        entry = {"id": str(self.world.waba.int)[-15:], "time": NOON}
        entries = [{**entry, "changes": part} for part in (changes[:cut], changes[cut:]) if part]
        self.bodies.append(self.do(self._store(json.dumps({"entry": entries}, indent=app).encode())))

    @precondition(lambda self: self.bodies)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        inbox_id = data.draw(st.sampled_from(self.bodies))
        self.do(self.servers.admin.execute("INSERT INTO webhook_jobs VALUES ($1) ON CONFLICT DO NOTHING", inbox_id))

    @rule(limit=st.integers(1, 5))
    def apply(self, limit: int) -> None:
        self.do(self._apply(limit))

    @rule(limit=st.integers(1, 5))
    def die_with_a_claim(self, limit: int) -> None:
        """Its worker ends; the leases run out."""
        self.do(self.webhooks.sweep(limit))
        self.do(self.servers.admin.execute("UPDATE webhook_jobs SET available_at = now(), attempts = 0"))

    @rule()
    def apply_at_once(self) -> None:
        """Two workers."""
        self.do(self._apply_at_once())

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        self.connected = True
        self.late_number, _ = self.do(self.world.number(self.later))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.do(self._settle())
            assert self.do(self._rows()) == self._model()

    async def _settle(self) -> None:
        await self._apply(1000)
        while await self.webhooks.release_parked():
            await self._apply(1000)

    async def _apply(self, limit: int) -> None:
        while jobs := await self.webhooks.sweep(limit):
            await self.webhooks.process(jobs)

    async def _apply_at_once(self) -> None:
        claimed = [await self.webhooks.sweep(3), await self.webhooks.sweep(3)]
        await asyncio.gather(*(self.webhooks.process(jobs) for jobs in claimed))

    async def _store(self, raw: bytes) -> UUID:
        inbox_id = new_id()
        await self.servers.admin.execute(
            "INSERT INTO webhook_inbox (id, app_id, body) VALUES ($1, $1, $2)", inbox_id, raw
        )
        await self.servers.admin.execute("INSERT INTO webhook_jobs VALUES ($1)", inbox_id)
        return inbox_id

    def _change(self, thing: Said) -> dict[str, Any]:
        kind, which, shade = thing
        match kind:
            case "message":
                return change(self.meta, messages=[text(f"wamid.in.{which}", sender=PEOPLE[which % 3])])
            case "status":
                return change(self.meta, statuses=[status(f"wamid.out.{which}", STATUSES[shade], at=shade)])
            case "later":
                return change(self.later, messages=[text(f"wamid.later.{which}", sender=PEOPLE[which % 3])])
            case "call":
                call = {"id": f"wacid.{which}", "event": "connect", "timestamp": str(NOON + shade)}
                return {"field": "calls", "value": {"metadata": {"phone_number_id": self.meta}, "calls": [call]}}
        named = {"message_template_name": f"t{which}", "message_template_language": "en"}
        value = {**named, "event": ("APPROVED", "PAUSED", "PENDING", "REJECTED")[shade]}
        return {"field": "message_template_status_update", "value": value}

    def _model(self) -> dict[str, Any]:
        """What there is to be, by the kind of thing."""
        of = {kind: [(which, shade) for name, which, shade in self.delivered if name == kind] for kind in KINDS}
        words = ("APPROVED", "PAUSED", "PENDING", "REJECTED")
        return {
            "message": sorted({which for which, _ in of["message"]}),
            "later": sorted({which for which, _ in of["later"]}) if self.connected else [],
            "status": sorted((which, STATUSES[shade]) for which, shade in of["status"]),
            "call": len(of["call"]),
            "template events": len(of["template"]),
            # All are told at one time: the greatest word of each stays.
            "template": {
                f"t{which}": max(words[s] for w, s in of["template"] if w == which) for which, _ in of["template"]
            },
        }

    async def _rows(self) -> dict[str, Any]:
        admin, of = self.servers.admin, self.world.workspace
        rows = await admin.fetch("SELECT wamid FROM messages WHERE workspace_id = $1 AND direction = 'inbound'", of)
        told = await admin.fetch("SELECT type, subject_id FROM events WHERE workspace_id = $1", of)
        templates = await admin.fetch("SELECT name, status FROM templates WHERE workspace_id = $1", of)
        names = [row["wamid"].split(".") for row in rows]
        assert len([row for row in told if row["type"] == "message.received"]) == len(rows)
        return {
            "message": sorted(int(number) for _, kind, number in names if kind == "in"),
            "later": sorted(int(number) for _, kind, number in names if kind == "later"),
            "status": sorted(
                (self.sent.index(row["subject_id"]), row["type"].removeprefix("message."))
                for row in told
                if row["subject_id"] in self.sent
            ),
            "call": len([row for row in told if row["type"] == "call.changed"]),
            "template events": len([row for row in told if row["type"] == "template.status_changed"]),
            "template": {row["name"]: row["status"] for row in templates},
        }

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.servers.do(what)


@pytest.mark.proves("G4", "G5", "P1")
@pytest.mark.parametrize(
    ("examples", "steps"), [(20, 20), pytest.param(200, 50, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_the_inbox_keeps_to_its_model(urls: Urls, keyring: Keyring, examples: int, steps: int) -> None:
    servers = Servers(urls, keyring)
    machine = type("InboxMachine", (Inbox,), {"servers": servers})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                phases=(Phase.explicit, Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        servers.close()
