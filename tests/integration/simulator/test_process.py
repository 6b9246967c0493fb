"""The process: sockets, signals, a vanished parent, restarts, and refusals without a traceback."""

import asyncio
import json
import os
import socket
import sys

import pytest

APP, WABA, NUMBER, ANN = "100000000000001", "200000000000002", "300000000000003", "15550100001"


@pytest.fixture
async def start_simulator(exec_simulators):
    """Here it is the process itself that is looked at."""
    return exec_simulators


async def refused(launch_process, *arguments: str, code: int = 1, **options) -> str:
    process = await launch_process(*arguments, **options)
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == code
    assert out == b""
    assert b"Traceback" not in err
    return err.decode()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
async def test_a_signal_stops_it_cleanly(simulator, name):
    import signal

    simulator.process.send_signal(getattr(signal, name))
    assert await asyncio.wait_for(simulator.process.wait(), 120) == 0


async def test_it_stops_while_a_webhook_hangs(simulator, receiver):
    receiver.hold = asyncio.Event()
    await simulator.send()
    assert await simulator.stop() == 0


async def test_it_ends_when_its_parent_is_gone(start_simulator):
    simulator = await start_simulator(env={"TREEEX_PARENT_PID": str(os.getpid())})
    assert simulator.process.returncode is None
    orphan = await start_simulator(env={"TREEEX_PARENT_PID": "1"})
    assert await asyncio.wait_for(orphan.process.wait(), 120) == 0
    assert (await simulator.control("GET", "health"))["status"] == "ok"


async def test_it_serves_on_an_inherited_socket(start_simulator):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        fd = str(listener.fileno())
        simulator = await start_simulator("--fd", fd, pass_fds=(listener.fileno(),))
        assert simulator.address == f"http://127.0.0.1:{port}"
        assert (await simulator.control("GET", "health"))["status"] == "ok"


async def test_a_bad_descriptor_is_refused(launch_process):
    assert "--fd 99 is not an open socket" in await refused(launch_process, "--fd", "99")
    with socket.socket() as idle:
        message = await refused(launch_process, "--fd", str(idle.fileno()), pass_fds=(idle.fileno(),))
    assert "is not a listening TCP socket; call listen()" in message


async def test_a_taken_port_is_refused_with_the_mend(launch_process):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        message = await refused(launch_process, "--port", str(listener.getsockname()[1]))
    assert "already in use; choose another --port" in message


async def test_an_unknown_host_is_refused(launch_process):
    assert "choose another --port" in await refused(launch_process, "--host", "host.invalid")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--port", "70000", "a port is a number from 0 to 65535"),
        ("--time-scale", "0", "a number above 0"),
        ("--time-scale", "nan", "a number above 0"),
        ("--seed", "x", "invalid int value"),
    ],
)
async def test_wrong_options_are_refused(launch_process, option, value, words):
    assert words in await refused(launch_process, option, value, code=2)


async def test_bad_data_directories_are_refused(launch_process, tmp_path):
    (tmp_path / "file").write_text("")
    message = await refused(launch_process, "--data", str(tmp_path / "file"))
    assert "give another one with --data" in message
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.jsonl").write_text("nonsense\n")
    assert "is damaged" in await refused(launch_process, "--data", str(tmp_path / "data"))


async def test_a_second_simulator_on_the_same_data_is_refused(start_simulator, launch_process, tmp_path):
    await start_simulator("--data", str(tmp_path))
    assert "another simulator uses" in await refused(launch_process, "--data", str(tmp_path))


async def killed(simulator) -> None:
    simulator.process.kill()
    await simulator.process.wait()


async def test_configuration_and_ledger_survive_a_kill(start_simulator, receiver, tmp_path):
    first = await start_simulator("--data", str(tmp_path))
    await first.configure(receiver.url)
    await first.send()
    await first.quiet()
    before = await first.ledger()
    kinds = ("apps", "wabas", "numbers", "tokens", "people", "settings")
    configured = [await first.control("GET", kind) for kind in kinds]
    await killed(first)
    second = await start_simulator("--data", str(tmp_path))
    assert [await second.control("GET", kind) for kind in kinds] == configured
    assert await second.ledger() == before
    assert (await second.send()).status == 200
    await second.quiet()
    after = await second.ledger()
    assert after[: len(before)] == before
    assert [entry["seq"] for entry in after] == list(range(1, len(after) + 1))
    on_disk = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_bytes().splitlines()]
    assert on_disk == after


async def test_owed_webhooks_are_sent_after_a_kill(start_simulator, receiver, tmp_path, signed):
    first = await start_simulator("--data", str(tmp_path))
    await first.configure(receiver.url)
    receiver.answers.extend([500] * 3)
    written = await first.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await receiver.until(lambda: len(receiver.posts) == 3)
    await killed(first)
    assert receiver.accepted == []
    second = await start_simulator("--data", str(tmp_path))
    await receiver.until(lambda: receiver.accepted)
    assert [update["id"] for update in receiver.accepted] == [written["id"]]
    assert all(signed(post) for post in receiver.posts)
    summary = await second.quiet()
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 1}


async def test_a_message_goes_on_after_a_kill_and_its_window_is_remembered(start_simulator, receiver, tmp_path):
    first = await start_simulator("--data", str(tmp_path))
    await first.configure(receiver.url)
    await first.control("PUT", "settings", {"closed_window": "refuse"})
    inbound = await first.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await first.control("PUT", f"people/{ANN}/online", {"online": False})
    answer = await first.send(biz_opaque_callback_data="ours")
    wamid = answer.json["messages"][0]["id"]
    await first.quiet()
    await killed(first)
    second = await start_simulator("--data", str(tmp_path))
    assert (await second.send()).status == 200
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": inbound["id"]}
    assert (await second.graph("POST", f"/v26.0/{NUMBER}/messages", receipt)).status == 200
    await second.control("PUT", f"people/{ANN}/online", {"online": True})
    await receiver.until(lambda: receiver.statuses_of(wamid) == ["sent", "delivered", "read"])
    assert {u["biz_opaque_callback_data"] for u in receiver.accepted if u["id"] == wamid} == {"ours"}


async def test_a_send_is_in_the_ledger_before_its_answer(start_simulator, receiver, tmp_path):
    simulator = await start_simulator("--data", str(tmp_path))
    await simulator.configure(receiver.url)
    for _ in range(20):
        wamid = (await simulator.send()).json["messages"][0]["id"]
        assert wamid.encode() in (tmp_path / "ledger.jsonl").read_bytes()


async def test_logs_are_json_lines_without_bodies_or_tokens(simulator, receiver):
    receiver.answers.extend([500])
    await simulator.send("unspeakable")
    await simulator.graph("POST", f"/v26.0/{NUMBER}/messages", {}, token="EAAanotherSecretToken")
    await simulator.quiet()
    await simulator.stop()
    err = (await simulator.process.stderr.read()).decode()
    lines = [json.loads(line) for line in err.splitlines()]
    assert any("attempt 1: 500" in line["message"] for line in lines)
    for word in ("unspeakable", "EAA", "an app secret", sys.executable):
        assert word not in err
