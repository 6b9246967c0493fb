"""Stored bodies meet a parser that knows more than the one before: what is new is told, and applied once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from server.whatsapp.parser import envelope
from tests.integration.commands import Run
from tests.integration.webhooks.conftest import Receiver, World
from tests.integration.webhooks.payloads import body, change, status, text

SINCE = "2020-01-01"
FIELD = "calls"


@pytest.fixture
def older_parser() -> Iterator[pytest.MonkeyPatch]:
    """This version's parser, but that it does not know a field yet. Undo it for the update."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(envelope.FIELDS, FIELD)
        yield patch


def call(number: str) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550100", "phone_number_id": number}
    ringing = {"id": "wacid.R1", "event": "connect", "from": "15550142", "to": "15550100", "timestamp": "1772452800"}
    return {"field": FIELD, "value": {"messaging_product": "whatsapp", "metadata": metadata, "calls": [ringing]}}


async def reprocess(run: Run, *arguments: str) -> dict[str, Any]:
    finished = await run("webhook", "reprocess", "--since", SINCE, *arguments, "--json")
    assert finished.status == 0, finished.err
    found: dict[str, Any] = json.loads(finished.out)
    return found


async def events(world: World) -> list[str]:
    rows = await world.admin.fetch("SELECT type FROM events WHERE workspace_id = $1 ORDER BY id", world.workspace)
    return [row["type"] for row in rows]


async def test_a_field_that_was_not_known_is_shown_and_then_applied_once(
    receiver: Receiver, world: World, run: Run, older_parser: pytest.MonkeyPatch
) -> None:
    number, meta = await world.number()
    sent = await world.sent_message(number)
    told = [text("wamid.REPRO")], [status("wamid.OUT", "sent", opaque=world.opaque(sent))]
    known = body(change(meta, messages=told[0], statuses=told[1]))
    (odd, _) = await receiver.receive(body(call(meta)), known)
    before = await events(world)
    assert [row["kind"] for row in await world.failures(odd)] == ["unrecognised"]
    older_parser.undo()

    shown = await run("webhook", "reprocess", "--since", SINCE, "--dry-run")
    assert shown.out.splitlines()[1:] == [
        "  + call.changed",
        f"  - unrecognised: {FIELD}: the field is not known to this version",
        "2 bodies looked at, 1 would change",
    ], shown.err
    assert await events(world) == before
    assert [row["kind"] for row in await world.failures(odd)] == ["unrecognised"]

    assert (await reprocess(run, "--field", "messages"))["looked_at"] == 1
    applied = await reprocess(run, "--field", FIELD)
    assert [(one["id"], [event["type"] for event in one["events"]]) for one in applied["changed"]] == [
        (str(odd), ["call.changed"])
    ]
    assert await events(world) == [*before, "call.changed"]
    assert await world.failures(odd) == []
    assert (await reprocess(run))["changed"] == []
    assert await events(world) == [*before, "call.changed"]
    assert await world.jobs() == 0


async def test_what_waits_for_its_worker_and_other_times_are_left_alone(
    receiver: Receiver, world: World, run: Run
) -> None:
    number, meta = await world.number()
    await receiver.take_in(body(change(meta, messages=[text("wamid.WAITS")])))
    assert (await reprocess(run))["looked_at"] == 0
    await receiver.apply()
    assert (await reprocess(run))["looked_at"] == 1
    assert (await reprocess(run, "--until", "2020-01-02"))["looked_at"] == 0
    assert len(await world.inbound(number)) == 1


async def test_without_the_workers_database_it_says_what_to_set(receiver: Receiver, run: Run) -> None:
    finished = await run("webhook", "reprocess", "--since", SINCE, worker_database_url=None)
    assert finished.status != 0
    assert "TREEEX_WORKER_DATABASE_URL" in finished.err
