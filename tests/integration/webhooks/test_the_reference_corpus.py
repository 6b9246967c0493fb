"""Every webhook among the samples of Meta's payloads, signed and posted: taken in, stored, and applied to the end."""

import json
from typing import Any

import pytest

from tests.conformance.reference import Sample, samples
from tests.integration.webhooks.conftest import World, signed

UNKNOWN = {"unknown_field_xyz"}
"""The one field of the samples that Meta does not have."""


@pytest.mark.proves("G1", "G3", "S4")
async def test_every_sample_is_stored_and_applied(post, stored, receiver, world: World) -> None:
    found = samples("webhooks")
    await connect_all(world, found)
    bodies = [json.dumps(sample.payload, separators=(",", ":")).replace("/", "\\/").encode() for sample in found]
    for raw in bodies:
        assert await post(raw, signed(raw)) == (200, "OK")
    assert sorted(await stored()) == sorted(bodies)
    await receiver.apply()
    assert await world.jobs() == 0
    failures = await world.admin.fetch("SELECT kind, error FROM webhook_failures")
    assert {row["kind"] for row in failures} == {"unrecognised"}
    assert {row["error"].partition(":")[0] for row in failures} == UNKNOWN
    events = await world.admin.fetchval("SELECT count(*) FROM events WHERE workspace_id = $1", world.workspace)
    await receiver.receive(*bodies)
    again = await world.admin.fetchval("SELECT count(*) FROM events WHERE workspace_id = $1", world.workspace)
    assert again == events > 70


async def connect_all(world: World, found: list[Sample]) -> None:
    """Whatever number and account a sample speaks of is ours."""
    accounts: set[str] = set()
    numbers: set[str] = set()
    for sample in found:
        for entry in sample.payload["entry"]:
            for change in entry["changes"]:
                value: dict[str, Any] = change["value"]
                accounts.add(str(value.get("waba_info", {}).get("waba_id") or entry["id"]))
                for owner in (value.get("metadata", {}), value.get("phone_number_settings", {})):
                    numbers |= {owner["phone_number_id"]} if "phone_number_id" in owner else set()
    for meta_id in sorted(accounts):
        await world.account(meta_id)
    for meta_id in sorted(numbers):
        await world.number(meta_id)
