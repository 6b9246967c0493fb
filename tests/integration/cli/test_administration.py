"""The command line as an operator uses it, against real servers."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from server.core.config import Settings
from server.core.crypto import new_keyring
from tests.integration.commands import Run
from tests.integration.conftest import META_TOKEN, NUMBER_IDS
from tests.processes import Finished


def parsed(finished: Finished) -> Any:
    assert finished.status == 0, finished.err
    return json.loads(finished.out)


async def test_a_first_day(run: Run) -> None:
    assert (await run("migrate")).out.startswith("the schema is at")
    assert "no workspace" in (await run("workspace", "list")).out

    workspace = parsed(await run("workspace", "create", "Corner shop", "--json"))
    [listed] = parsed(await run("workspace", "list", "--json"))
    assert listed == workspace

    made = await run("key", "create", "--name", "till", "--scope", "messages:write", "--scope", "numbers:read")
    assert made.status == 0
    token = next(line.split()[-1] for line in made.out.splitlines() if line.startswith("api_key"))
    assert token.startswith("treeex_live_")
    [key] = parsed(await run("key", "list", "--workspace", "Corner shop", "--json"))
    assert key["scopes"] == ["messages:write", "numbers:read"]
    assert token not in json.dumps(key)
    assert parsed(await run("key", "revoke", key["key_id"], "--json"))["revoked_at"]

    created = await run("app", "create", "shop", "--app-secret", "-", "--verify-token", "verify", typed="app secret\n")
    assert created.status == 0
    assert "app secret" not in created.out
    rotated = parsed(await run("app", "rotate", "shop", "--app-secret", "another", "--json"))
    assert rotated["previous_secret_until"]
    [app] = parsed(await run("app", "list", "--json"))
    assert app["slug"] == "shop"

    number = parsed(await run("number", "connect", NUMBER_IDS[0], "--json", typed=f"{META_TOKEN}\n"))
    assert META_TOKEN not in json.dumps(number)
    paused = parsed(await run("number", "pause", NUMBER_IDS[0], "--reason", "we move", "--json"))
    assert (paused["id"], paused["pause_reason"]) == (number["id"], "we move")
    assert parsed(await run("number", "resume", number["id"], "--json"))["pause_reason"] is None
    table = (await run("number", "list")).out
    assert NUMBER_IDS[0] in table
    assert "we move" not in table

    doctor = await run("doctor")
    assert doctor.status == 0, doctor.out
    assert doctor.out.splitlines()[-1] == "everything is well"
    assert "FAIL" not in doctor.out
    assert META_TOKEN not in doctor.out


async def test_a_refusal_is_a_sentence_and_a_status(run: Run) -> None:
    refused = await run("workspace", "create", " ")
    assert refused.status == 5
    assert refused.out == ""
    assert refused.err == "treeex: The name cannot be used. Use 1 to 200 characters, not only spaces.\n"
    unknown = await run("key", "list", "--workspace", "nobody's")
    assert unknown.status == 5
    assert "nobody's" in unknown.err


@pytest.mark.parametrize(
    ("arguments", "changes", "status", "says"),
    [
        (["nothing"], {}, 2, "No such command"),
        (["number", "connect"], {}, 2, "Missing argument"),
        (["number", "connect", "not-digits", "--access-token", "x"], {}, 2, "phone_number_id"),
        (["workspace", "list"], {"prot": 1}, 3, "TREEEX_PROT is no setting; did you mean TREEEX_PORT?"),
        (["workspace", "list"], {"port": "x"}, 3, "TREEEX_PORT is not valid"),
        (["workspace", "list"], {"database_url": None, "data_dir": "/nonexistent"}, 3, "start `treeex up`"),
        (["workspace", "list"], {"database_url": "http://x"}, 3, "postgresql://user:password@host/database"),
        (["workspace", "list"], {"database_url": "postgresql://a:hush@127.0.0.1:9/x"}, 4, "does not answer"),
        (["workspace", "list"], {"valkey_url": "http://x"}, 3, "redis://host:6379"),
        (["workspace", "list"], {"keyring_file": "/nonexistent"}, 3, "treeex keyring"),
        (["workspace", "list"], {"keyring": "hush"}, 3, "not of the form"),
        (["migrate"], {"admin_database_url": None}, 3, "TREEEX_ADMIN_DATABASE_URL"),
        (["api", "--fd", "77"], {}, 3, "--fd 77 is not an open socket"),
        (["api"], {"host": "203.0.113.1"}, 3, "cannot listen on 203.0.113.1"),
        (["worker", "all"], {"worker_database_url": None}, 3, "TREEEX_WORKER_DATABASE_URL"),
        (["worker", "sweeper"], {}, 2, "sweeper"),
    ],
)
async def test_a_broken_environment_is_told_in_one_sentence(
    run: Run, arguments: list[str], changes: dict[str, object], status: int, says: str
) -> None:
    finished = await run(*arguments, **changes)
    assert finished.status == status, finished.err
    assert says in finished.err
    assert "Traceback" not in finished.err
    assert "hush" not in finished.err


async def test_a_schema_that_is_behind_names_the_command(run: Run, admin: asyncpg.Connection) -> None:
    current = await admin.fetchval("SELECT version_num FROM alembic_version")
    await admin.execute("UPDATE alembic_version SET version_num = '0000'")
    try:
        finished = await run("workspace", "list")
        sick = await run("doctor", "--json")
    finally:
        await admin.execute("UPDATE alembic_version SET version_num = $1", current)
    assert finished.status == 6
    assert "run `treeex migrate`" in finished.err
    assert sick.status == 1
    assert {"database", "workers' database"} == {it["name"] for it in json.loads(sick.out)["findings"] if not it["ok"]}


async def test_the_doctor_finds_what_is_wrong(
    run: Run, given: dict[str, object], admin: asyncpg.Connection, tmp_path: Path
) -> None:
    other = tmp_path / "other-keyring.json"
    other.write_text(new_keyring())
    await admin.execute("ALTER TABLE messages NO FORCE ROW LEVEL SECURITY")
    try:
        finished = await run(
            "doctor",
            "--json",
            database_url=given["admin_database_url"],
            valkey_url="redis://127.0.0.1:9",
            keyring_file=other,
            graph_url="http://127.0.0.1:9",
        )
    finally:
        await admin.execute("ALTER TABLE messages FORCE ROW LEVEL SECURITY")
    report = json.loads(finished.out)
    assert finished.status == 1
    assert not report["ok"]
    wrong = [finding for finding in report["findings"] if not finding["ok"]]
    assert all(finding["mend"] for finding in wrong)
    bad = {(finding["name"], finding["detail"].partition(" (")[0]) for finding in wrong}
    assert ("valkey", "Valkey does not answer") in bad
    assert ("meta", "Meta's Graph API does not answer") in bad
    details = " ".join(detail for _, detail in bad)
    assert "is a superuser and bypasses row-level security and owns tables" in details
    assert "row-level security is not forced on messages" in details
    assert "it does not open the data key" in details


async def test_the_doctor_finds_a_token_that_meta_refuses(run: Run, meta: Any) -> None:
    parsed(await run("number", "connect", NUMBER_IDS[0], "--json", typed=f"{META_TOKEN}\n"))
    known = meta.world.store.tokens.pop(META_TOKEN)
    try:
        finished = await run("doctor")
    finally:
        meta.world.store.tokens[META_TOKEN] = known
    assert finished.status == 1
    assert "FAIL  number +1 555-010-0: Meta refuses its token" in finished.out
    assert "treeex number connect" in finished.out


async def test_a_running_up_is_found_by_its_file(
    run: Run, given: dict[str, object], tmp_path: Path, module_settings: Settings
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    published = {name: str(value) for name, value in given.items() if name != "request_max_bytes"}
    (folder / "running.json").write_text(json.dumps({"pid": 1, "settings": published}))
    nothing = dict.fromkeys(given)
    found = await run("--data-dir", str(folder), "workspace", "list", "--json", **nothing)
    assert found.status == 0, found.err
    shown = parsed(await run("config", "--json", **{**nothing, "data_dir": folder, "port": 1234}))
    assert shown["port"] == 1234, "what is given wins"
    assert shown["database_url"] == "***"
    assert shown["graph_url"] == module_settings.graph_url
    (folder / "running.json").write_text("{")
    broken = await run("workspace", "list", **{**nothing, "data_dir": folder})
    assert broken.status == 3
    assert "start `treeex up`" in broken.err


async def test_help_and_settings_need_no_server(run: Run) -> None:
    nothing = {"database_url": None, "valkey_url": None, "keyring_file": None}
    assert "doctor" in (await run("--help", **nothing)).out
    assert (await run("--version", **nothing)).out.count(".") == 2
    default = (await run("config", "--default", **nothing)).out
    assert "# port = 8080" in default
    keyring = json.loads((await run("keyring", **nothing)).out)
    assert keyring["current"] in keyring["keys"]
