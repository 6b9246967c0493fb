"""Odd bodies among good ones: every good one is applied, each odd one ends as it should and says why."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from server.queue.webhooks import WebhookQueue
from server.services.webhook_archive import WebhookArchive
from server.services.webhooks import MAX_ATTEMPTS
from tests.integration.webhooks.conftest import Receiver, World
from tests.integration.webhooks.payloads import NOON, body, change, status, text

NEIGHBOURS = 20
STRANGE = "990000000000099"

RAW: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "dead"),
    "a brace": (b"{", "dead"),
    "text": (b"hello", "dead"),
    "UTF-16": ('{"entry": []}'.encode("utf-16"), "dead"),
    "a deep bomb": (b"[" * 100_000, "dead"),
    "a deep bomb of objects": (b'{"a":' * 100_000, "dead"),
    "a cut webhook": (b'{"object":"whatsapp_business_account","entry":[{"id":"1","ch', "dead"),
    "a NUL": (b"\x00", "dead"),
    "two values": (b"{}{}", "dead"),
    "a form": (b"entry=1&object=2", "dead"),
    "a list": (b"[]", "unrecognised"),
    "null": (b"null", "unrecognised"),
    "an empty text": (b'""', "unrecognised"),
    "1e400": (b"1e400", "unrecognised"),
    "NaN": (b"NaN", "unrecognised"),
    "a long integer": (b"9" * 5000, "unrecognised"),
    "a long text": (b'"' + b"x" * 1_000_000 + b'"', "unrecognised"),
    "an empty object": (b"{}", "unrecognised"),
    "many keys": (json.dumps({str(index): index for index in range(100_000)}).encode(), "unrecognised"),
    "a mark before nothing": (b"\xef\xbb\xbf{}", "unrecognised"),
    "entries that are none": (b'{"entry": [null, 1, "x", [], {}]}', "unrecognised"),
    "entries as an object": (b'{"entry": {"0": {}}}', "unrecognised"),
    "broken UTF-8": (b'{"entry": [{"changes": [{"field": "\xff"}]}]}', "unrecognised"),
    "a prototype": (b'{"__proto__": {"entry": []}, "constructor": 1}', "unrecognised"),
}
"""Bodies, and what they end as."""


def broken(path: str, value: Any) -> dict[str, Any]:
    """A change of which one place holds something that it should not."""
    found: Any = change("$", messages=[text("wamid.odd")], contacts=[{"wa_id": "15550142"}])
    here = found
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        here = here[step]
    here[last] = value
    return found


def of_field(field: Any, value: Any) -> dict[str, Any]:
    return {"field": field, "value": value}


CHANGES: dict[str, tuple[Any, str]] = {
    "no change at all": (None, "unrecognised"),
    "a number": (7, "unrecognised"),
    "no field": ({"value": {}}, "unrecognised"),
    "no value": ({"field": "messages"}, "unrecognised"),
    "an unknown field": (of_field("weather", {"x": 1}), "unrecognised"),
    "a field that is a list": (of_field(["messages"], {}), "unrecognised"),
    "a field of a program": (of_field("{{7*7}}", {"x": "'; DROP TABLE messages; --"}), "unrecognised"),
    "a value that is text": (of_field("messages", "x"), "unrecognised"),
    "nothing in it": (broken("value", {"metadata": {"phone_number_id": "$"}}), "unrecognised"),
    "no metadata": (broken("value.metadata", None), "unrecognised"),
    "a number's id that is a list": (broken("value.metadata.phone_number_id", [1]), "unrecognised"),
    "somebody else's number": (broken("value.metadata.phone_number_id", STRANGE), "parked"),
    "an injected number": (broken("value.metadata.phone_number_id", "' OR 1=1 --"), "parked"),
    "messages that are none": (broken("value.messages", [None, 1, "x", []]), "unrecognised"),
    "an unknown status": (
        change("$", statuses=[status("wamid.s", "teleported")]),
        "unrecognised",
    ),
    "a template without a name": (of_field("message_template_status_update", {"event": "APPROVED"}), "unrecognised"),
    "a template's id that overflows": (
        of_field("message_template_status_update", {"message_template_id": 10**30}),
        "unrecognised",
    ),
    "preferences that are none": (
        of_field("user_preferences", {"metadata": {"phone_number_id": "$"}, "user_preferences": [1, {}]}),
        "unrecognised",
    ),
    "echoes that are none": (
        of_field("smb_message_echoes", {"metadata": {"phone_number_id": "$"}, "message_echoes": [[]]}),
        "unrecognised",
    ),
    "a history that is none": (
        of_field("history", {"metadata": {"phone_number_id": "$"}, "history": ["x", None]}),
        "unrecognised",
    ),
    **{
        f"{place} is {shown}": (broken(f"value.messages.0.{place}", wrong), "unrecognised")
        for place, shown, wrong in (
            ("id", "null", None),
            ("id", "a list", []),
            ("id", "10 kB", "x" * 10_000),
            ("id", "a NUL", "a\x00"),
            ("id", "half a letter", "\ud800"),
            ("timestamp", "negative", "-1"),
            ("timestamp", "far", "99999999999"),
            ("timestamp", "no number", "soon"),
            ("timestamp", "an object", {}),
            ("timestamp", "milliseconds", str(NOON * 1000)),
            ("type", "a number", 1.5),
            ("type", "long", "x" * 65),
        )
    },
    **{
        f"{place} is {shown}": (broken(f"value.messages.0.{place}", fine), "")
        for place, shown, fine in (
            ("type", "of the future", "hologram"),
            ("text", "a list", [1]),
            ("text", "deep", {"a": [[[[{}]]]]}),
            ("text", "NUL and half a letter", {"body": "a\x00b\ud800"}),
            ("text", "very long", {"body": "\u202e\u200d👍🏽" * 10_000}),
            ("text", "infinite", {"body": float("inf")}),
            ("text", "a huge number", {"body": 10**300}),
            ("text", "a template", {"body": "${jndi:ldap://x} {{7*7}} *)(uid=*"}),
            ("context", "text", "x"),
            ("referral", "a list", []),
        )
    },
}
"""Changes with `$` for our number, and what they end as; empty where they are applied all the same."""


def test_there_are_enough() -> None:
    assert len(RAW) + len(CHANGES) >= 60


@dataclass
class Neighbours:
    """Good messages that stand around, and what became of them."""

    number: UUID
    meta: str
    sent: int = 0

    def some(self) -> list[dict[str, Any]]:
        self.sent += NEIGHBOURS
        first = self.sent - NEIGHBOURS
        return [change(self.meta, messages=[text(f"wamid.good.{index}")]) for index in range(first, self.sent)]


@pytest.fixture
async def neighbours(world: World) -> Neighbours:
    return Neighbours(*await world.number())


async def all_are_well(world: World, neighbours: Neighbours) -> None:
    good = [row for row in await world.inbound(neighbours.number) if row["wamid"].startswith("wamid.good.")]
    assert len(good) == len({row["wamid"] for row in good}) == neighbours.sent
    told = "SELECT count(*) FROM events WHERE workspace_id = $1 AND type = 'message.received' AND subject_id = ANY ($2)"
    assert await world.admin.fetchval(told, world.workspace, [row["id"] for row in good]) == neighbours.sent


@pytest.mark.proves("S4", "G3", "G5", "C9")
async def test_each_ends_as_it_should_and_no_neighbour_suffers(receiver: Receiver, world, neighbours) -> None:
    bodies, ends = [], []
    for raw, end in RAW.values():
        bodies += [raw, body(*neighbours.some())]
        ends += [(-1, end, True), (-1, "", False)]
    for odd, end in CHANGES.values():
        written = json.dumps(odd).replace('"$"', f'"{neighbours.meta}"').replace("wamid.odd", f"wamid.odd.{len(ends)}")
        mine = json.loads(written)
        changes = neighbours.some()
        changes.insert(NEIGHBOURS // 2, mine)
        bodies.append(body(*changes))
        ends.append((NEIGHBOURS // 2, end, False))
    ids = await receiver.take_in(*bodies)
    await receiver.apply()
    assert await world.jobs() == 0
    await all_are_well(world, neighbours)
    odd = [row for row in await world.inbound(neighbours.number) if row["wamid"].startswith("wamid.odd.")]
    assert len(odd) == len([end for _, end in CHANGES.values() if not end])
    for inbox_id, (index, end, is_whole), name in zip(ids, ends, names(), strict=True):
        found = await world.failures(inbox_id)
        assert {row["kind"] for row in found} == ({end} if end else set()), name
        assert all(row["error"] for row in found), name
        if found and not is_whole:
            assert [row["change_index"] for row in found] == [index], name


def names() -> list[str]:
    return [part for name in RAW for part in (name, "its neighbour")] + list(CHANGES)


@pytest.mark.proves("G5")
async def test_what_was_parked_is_applied_once_when_its_number_is_there(receiver, world, webhooks, neighbours) -> None:
    changes = neighbours.some()
    changes.insert(3, change(STRANGE, messages=[text("wamid.parked")]))
    await receiver.receive(body(*changes))
    number, _ = await world.number(STRANGE)
    await webhooks.release_parked(STRANGE)
    await receiver.apply()
    await receiver.receive(body(*changes))
    (stored,) = await world.inbound(number)
    assert await world.event_types(stored["id"]) == ["message.received"]
    await all_are_well(world, neighbours)


@pytest.mark.proves("G5", "C9")
async def test_what_failed_for_our_fault_is_applied_once_after_the_mend(
    receiver, world, neighbours, api_db, valkey
) -> None:
    """The fault stands in PostgreSQL, beside the code: every effect of one kind of event fails there."""
    await world.admin.execute(
        """CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF NEW.type LIKE 'call.%' THEN RAISE EXCEPTION 'a fault'; END IF; RETURN NEW; END $$;
           CREATE TRIGGER fault BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION fault()"""
    )
    call = {"id": "wacid.1", "event": "connect", "timestamp": str(NOON)}
    changes = neighbours.some()
    changes.insert(7, of_field("calls", {"metadata": {"phone_number_id": neighbours.meta}, "calls": [call]}))
    _, inbox_id = await receiver.take_in(body(*neighbours.some()), body(*changes))
    for _ in range(MAX_ATTEMPTS + 1):
        await receiver.apply()
        await world.due_now()
    assert await world.jobs() == 0
    await all_are_well(world, neighbours)
    (failure,) = await world.failures(inbox_id)
    assert (failure["kind"], failure["change_index"]) == ("dead", 7)
    await world.admin.execute("DROP TRIGGER fault ON events; DROP FUNCTION fault()")
    archive = WebhookArchive(api_db, WebhookQueue(valkey))
    for _ in range(2):
        assert await archive.replay([inbox_id]) == 1
        await receiver.apply()
    assert await world.failures(inbox_id) == []
    assert await world.event_types(neighbours.number) == ["call.changed"]
    await all_are_well(world, neighbours)
