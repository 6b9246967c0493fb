"""`treeex webhook` and `treeex dead-letter`, as an operator calls them."""

import json
from typing import Any

from tests.integration.commands import Run
from tests.integration.webhooks.payloads import body, change, text
from tests.processes import Finished


def parsed(finished: Finished) -> Any:
    assert finished.status == 0, finished.err
    return json.loads(finished.out)


async def test_webhooks_are_listed_shown_and_replayed(receiver, world, run: Run) -> None:
    number, meta = await world.number()
    raw = body(change(meta, messages=[text("wamid.CLI")]), {"field": "weather", "value": {}})
    (applied,) = map(str, await receiver.receive(raw))
    (dead,) = map(str, await receiver.receive(b"\x1b[31m\xff"))
    listed = parsed(await run("webhook", "list", "--json"))
    assert [(row["id"], row["state"]) for row in listed] == [(dead, "dead"), (applied, "unrecognised")]
    only_dead = await run("webhook", "list", "--state", "dead")
    assert dead in only_dead.out
    assert applied not in only_dead.out
    shown = await run("webhook", "show", applied)
    assert shown.out == raw.decode()
    assert shown.err == "change 1: unrecognised, weather: the field is not known to this version\n"
    assert parsed(await run("webhook", "show", dead, "--json"))["body_base64"] == "G1szMW3/"
    letters = parsed(await run("dead-letter", "list", "--json"))
    assert [(row["id"], row["change_index"]) for row in letters] == [(dead, -1)]
    assert parsed(await run("webhook", "replay", applied, "--json")) == {"replayed": 1}
    assert parsed(await run("dead-letter", "replay", "--all", "--json")) == {"replayed": 1}
    assert await world.jobs() == 2
    await receiver.apply()
    assert len(await world.inbound(number)) == 1


async def test_mistakes_get_a_sentence(receiver, world, run: Run) -> None:
    missing = await run("webhook", "show", str(world.workspace))
    assert missing.status != 0
    assert "There is no webhook" in missing.err
    assert "Traceback" not in missing.err
    unclear = await run("dead-letter", "replay")
    assert unclear.status == 2
    assert "name ids, or give --all" in unclear.err
    assert (await run("webhook", "list")).out.strip() == "there is no such webhook"
