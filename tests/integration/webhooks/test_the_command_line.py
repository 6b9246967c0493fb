"""`treeex webhook` and `treeex dead-letter`, as an operator calls them."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass

import pytest

from server.core.config import Settings
from tests.integration.webhooks.payloads import body, change, text


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: bytes
    err: str

    @property
    def json(self):
        assert self.status == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def treeex(settings: Settings, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TREEEX_")}
    for name in ("database_url", "worker_database_url", "valkey_url"):
        environment[f"TREEEX_{name.upper()}"] = getattr(settings, name).get_secret_value()
    environment["TREEEX_KEYRING_FILE"] = str(settings.keyring_file)

    async def run(*arguments: object) -> Ended:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.cli.app", *map(str, arguments)),
            env=environment,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out, err.decode())

    return run


async def test_webhooks_are_listed_shown_and_replayed(receiver, world, treeex) -> None:
    number, meta = await world.number()
    raw = body(change(meta, messages=[text("wamid.CLI")]), {"field": "weather", "value": {}})
    (applied,) = await receiver.receive(raw)
    (dead,) = await receiver.receive(b"\x1b[31m\xff")
    listed, only_dead, shown, whole, letters = await asyncio.gather(
        treeex("webhook", "list", "--json"),
        treeex("webhook", "list", "--state", "dead"),
        treeex("webhook", "show", applied),
        treeex("webhook", "show", dead, "--json"),
        treeex("dead-letter", "list", "--json"),
    )
    assert [(row["id"], row["state"]) for row in listed.json] == [(str(dead), "dead"), (str(applied), "unrecognised")]
    assert str(dead).encode() in only_dead.out
    assert str(applied).encode() not in only_dead.out
    assert shown.out == raw
    assert shown.err == "change 1: unrecognised, weather: the field is not applied by this version\n"
    assert whole.json["body_base64"] == "G1szMW3/"
    assert [(row["id"], row["change_index"]) for row in letters.json] == [(str(dead), -1)]
    assert (await treeex("webhook", "replay", applied, "--json")).json == {"replayed": 1}
    assert (await treeex("dead-letter", "replay", "--all", "--json")).json == {"replayed": 1}
    assert await world.jobs() == 2
    await receiver.apply()
    assert len(await world.inbound(number)) == 1


async def test_mistakes_get_a_sentence(receiver, world, treeex) -> None:
    missing, unclear, nothing = await asyncio.gather(
        treeex("webhook", "show", world.workspace),
        treeex("dead-letter", "replay"),
        treeex("webhook", "list"),
    )
    assert missing.status != 0
    assert "There is no webhook" in missing.err
    assert "Traceback" not in missing.err
    assert unclear.status == 2
    assert "name ids, or give --all" in unclear.err
    assert nothing.out.decode().strip() == "there is no such webhook"
