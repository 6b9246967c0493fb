"""Faults that only bytes and sockets show: resets, halves, reuse, redirects, drips, outages of the listener."""

import asyncio
import json
import socket
import time

import aiohttp
import pytest

NUMBER, ANN, TOKEN = "300000000000003", "15550100001", "EAAtokenOfTheTests0001"
OPAQUE = "t1.00000000000000000000000000000001.1.mac"
BODY = json.dumps(
    {"messaging_product": "whatsapp", "to": ANN, "text": {"body": "hello"}, "biz_opaque_callback_data": OPAQUE}
).encode()
HEAD = (
    f"POST /v26.0/{NUMBER}/messages HTTP/1.1\r\nHost: meta\r\nAuthorization: Bearer {TOKEN}\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode()


@pytest.fixture
def simulator(quiet_simulator):
    return quiet_simulator


async def plan(simulator, *rules: dict) -> None:
    await simulator.control("PUT", "faults", list(rules))


async def kinds(simulator) -> list[str]:
    return [entry["kind"] for entry in await simulator.ledger() if entry["kind"] in ("send", "refused", "fault")]


async def the_fault(simulator) -> dict:
    (entry,) = [entry for entry in await simulator.ledger() if entry["kind"] == "fault"]
    return entry


async def connected(simulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = simulator.address.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def raw_answer(simulator, request: bytes = HEAD + BODY) -> tuple[bytes, bool]:
    """All bytes until the end of the connection, and whether it ended by a reset."""
    reader, writer = await connected(simulator)
    writer.write(request)
    got = b""
    try:
        while piece := await asyncio.wait_for(reader.read(65_536), 120):
            got += piece
    except ConnectionResetError:
        return got, True
    finally:
        writer.close()
    return got, False


@pytest.mark.parametrize(("by", "reset"), [("close", False), ("reset", True)])
@pytest.mark.parametrize(("kind", "wanted"), [("drop_before", ["fault"]), ("drop_after", ["send", "fault"])])
async def test_a_connection_is_closed_or_reset(simulator, kind, wanted, by, reset):
    await plan(simulator, {"kind": kind, "by": by})
    assert await raw_answer(simulator) == (b"", reset)
    assert await kinds(simulator) == wanted


async def test_half_of_a_request_is_taken_in(simulator):
    await plan(simulator, {"kind": "half_request", "count": 1})
    reader, writer = await connected(simulator)
    writer.write(HEAD + BODY[: len(BODY) // 2])  # the other half is never sent, and never waited for
    assert await asyncio.wait_for(reader.read(), 120) == b""
    writer.close()
    fault = await the_fault(simulator)
    assert (fault["fault"], fault["processed"], fault["on"]) == ("half_request", False, "sends")
    assert (fault["phone_number_id"], fault["biz_opaque_callback_data"]) == (NUMBER, None)
    assert (await simulator.send()).status == 200


async def test_a_kept_connection_is_closed_when_it_is_used_again(simulator):
    await plan(simulator, {"kind": "close_on_reuse"})
    reader, writer = await connected(simulator)
    writer.write(HEAD + BODY)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 120)
    assert head.startswith(b"HTTP/1.1 200")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    await reader.readexactly(length)
    writer.write(HEAD + BODY)
    assert await asyncio.wait_for(reader.read(), 120) == b""
    writer.close()
    assert await kinds(simulator) == ["send", "fault"]
    fault = await the_fault(simulator)
    assert (fault["processed"], fault["biz_opaque_callback_data"]) == (False, OPAQUE)


@pytest.mark.parametrize(("by", "reset"), [("close", False), ("reset", True)])
async def test_an_answer_is_cut_after_its_headers_in_its_middle_or_anywhere(simulator, by, reset):
    await plan(
        simulator, *({"kind": "half_answer", "cut": cut, "by": by, "count": 1} for cut in ("headers", "middle", 5))
    )
    after_headers, in_the_middle, early = [await raw_answer(simulator) for _ in range(3)]
    assert early == (b"HTTP/", reset)
    assert after_headers[0].endswith(b"\r\n\r\n")
    head, _, half = in_the_middle[0].partition(b"\r\n\r\n")
    assert half.startswith(b'{"messaging_product":"whatsapp"')
    assert (
        f"Content-Length: {2 * len(half)}".encode() in head or f"Content-Length: {2 * len(half) + 1}".encode() in head
    )
    assert {after_headers[1], in_the_middle[1]} == {reset}
    assert await kinds(simulator) == ["send", "fault"] * 3


async def test_redirects_lead_elsewhere_or_back_and_nothing_has_happened(simulator):
    await plan(
        simulator, {"kind": "redirect", "count": 1}, {"kind": "redirect", "http": 302, "location": "http://192.0.2.1/"}
    )
    for http, location in ((307, f"{simulator.address}/v26.0/{NUMBER}/messages"), (302, "http://192.0.2.1/")):
        url = f"{simulator.address}/v26.0/{NUMBER}/messages"
        async with simulator.session.post(url, data=BODY, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (http, location)
    assert await kinds(simulator) == ["fault", "fault"]


GARBAGE = [
    ("html", lambda text: text.startswith("<!DOCTYPE")),
    ("empty", lambda text: text == ""),
    ("no_ids", lambda text: json.loads(text)["messages"] == []),
    ("wrong_ids", lambda text: isinstance(json.loads(text)["messages"][0]["id"], int)),
    ("deep_json", lambda text: "[" * 50_000 in text),
]


@pytest.mark.parametrize(("form", "is_so"), GARBAGE)
async def test_a_200_may_be_garbage_of_many_forms(shared_simulator, form, is_so):
    await plan(shared_simulator, {"kind": "garbage_after", "form": form})
    answer = await shared_simulator.send()
    assert answer.status == 200
    assert is_so(answer.text)


async def test_the_right_answer_under_a_wrong_content_type(shared_simulator):
    await plan(shared_simulator, {"kind": "wrong_type_after"})
    answer = await shared_simulator.send()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.json["messages"][0]["id"].startswith("wamid.")


async def test_a_huge_answer_is_a_right_one_and_nobody_has_to_read_it(simulator):
    await plan(simulator, {"kind": "huge_after", "megabytes": 3})
    answer = await simulator.send()
    assert len(answer.text) > 3_000_000
    assert answer.json["messages"][0]["id"].startswith("wamid.")
    reader, writer = await connected(simulator)
    writer.write(HEAD + BODY)
    assert await asyncio.wait_for(reader.read(100), 120)
    writer.close()
    await simulator.until_ledger(lambda entry: entry["kind"] == "fault")
    await plan(simulator)
    assert (await simulator.send()).status == 200


async def test_an_answer_that_drips_is_whole_in_the_end(simulator):
    await plan(simulator, {"kind": "drip_after", "seconds": 0.5})
    reader, writer = await connected(simulator)
    writer.write(HEAD + BODY)
    await reader.readuntil(b"\r\n\r\n")
    drop = await asyncio.wait_for(reader.read(65_536), 120)
    assert len(drop) < 40
    writer.close()
    assert (await simulator.send()).json["messages"]


async def test_what_is_held_back_before_processing_is_processed_without_its_client(simulator):
    await plan(simulator, {"kind": "slow_before", "seconds": 1.0, "count": 1})
    _, writer = await connected(simulator)
    before = time.time()
    writer.write(HEAD + BODY)
    await asyncio.sleep(0.2)  # it has arrived, and the client is gone long before it is processed
    writer.close()
    assert (await simulator.control("GET", "ledger/summary"))["scheduled"] == 1
    assert await kinds(simulator) == []
    await simulator.quiet()
    sent, fault = [entry for entry in await simulator.ledger() if entry["kind"] in ("send", "fault")]
    assert (fault["fault"], fault["processed"], fault["wamid"]) == ("slow_before", True, sent["wamid"])
    assert sent["at"] == fault["at"]
    assert sent["at"] - before < 0.5  # the arrival, not the processing
    statuses = [entry["status"] for entry in await simulator.ledger() if entry["kind"] == "status"]
    assert statuses == ["sent", "delivered", "read"]


CALL_FAULTS = [
    {"kind": "drop_before"},
    {"kind": "half_request"},
    {"kind": "close_on_reuse"},
    {"kind": "error_before"},
    {"kind": "meta_error", "code": 131000},
    {"kind": "redirect"},
    {"kind": "slow_before", "seconds": 0.3},
    {"kind": "fail", "code": 131026},
    {"kind": "drop_after"},
    {"kind": "error_after"},
    {"kind": "garbage_after"},
    {"kind": "wrong_type_after"},
    {"kind": "huge_after", "megabytes": 1},
    {"kind": "half_answer"},
    {"kind": "drip_after", "seconds": 0.3},
    {"kind": "slow", "seconds": 0.3},
]


@pytest.mark.parametrize("rule", CALL_FAULTS, ids=lambda rule: rule["kind"])
async def test_the_ledger_has_the_arrival_of_a_struck_call_whatever_delays_it(simulator, rule):
    await plan(simulator, {"kind": "wrong_type_after", "count": 1})
    await simulator.send()  # opens the connection that the next one uses again
    await simulator.control("PUT", "faults", [{**rule, "count": 1}])
    before = time.time()
    writing = asyncio.create_task(simulator.send())
    await asyncio.wait({writing}, timeout=30)
    after = time.time()
    writing.cancel() if not writing.done() else writing.exception()
    struck = [entry for entry in await simulator.ledger() if entry["kind"] == "fault"][-1]
    assert struck["fault"] == rule["kind"]
    assert before <= struck["at"] <= after
    sends = [entry for entry in await simulator.ledger() if entry["kind"] == "send" and entry["at"] >= before]
    if rule["kind"] in ("slow", "slow_before", "drip_after"):
        assert after - struck["at"] >= 0.25
        assert sends[0]["at"] == struck["at"]
    if struck["processed"]:
        assert sends[0]["at"] == struck["at"]


async def test_a_message_is_accepted_and_fails_with_any_code(start_simulator, receiver):
    simulator = await start_simulator()
    await simulator.configure(receiver.url)
    await plan(simulator, {"kind": "fail", "code": 131042, "count": 1})
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await simulator.quiet()
    assert receiver.statuses_of(wamid) == ["failed"]
    (status,) = [update for update in receiver.accepted if update["id"] == wamid]
    assert status["errors"][0]["code"] == 131042
    assert status["errors"][0]["title"] == "Business eligibility payment issue"


async def test_other_calls_are_struck_where_a_rule_says_so(simulator):
    await plan(simulator, {"kind": "error_before", "on": "reads", "http": 503})
    assert (await simulator.graph("GET", f"/v26.0/{NUMBER}")).status == 503
    assert (await simulator.send()).status == 200
    await plan(simulator, {"kind": "drop_after", "on": "all"})
    with pytest.raises(aiohttp.ClientError):
        await simulator.graph("GET", f"/v26.0/{NUMBER}")
    assert {entry["on"] for entry in await simulator.ledger() if entry["kind"] == "fault"} == {"reads"}


async def test_a_rule_ends_at_its_time(simulator):
    await plan(simulator, {"kind": "error_before", "until_s": 20})  # simulated: one real second
    assert (await simulator.send()).status == 500
    async with asyncio.timeout(30):
        while (await simulator.send()).status != 200:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("port", ["any", "named"])
async def test_an_outage_refuses_connections_and_then_lets_everybody_in(start_simulator, receiver, port):
    arguments = () if port == "any" else ("--port", str(_free_port()))
    simulator = await start_simulator(*arguments)
    await simulator.configure(receiver.url)
    kept = await connected(simulator)
    await plan(simulator, {"kind": "refuse", "until_s": 40})  # simulated: two real seconds
    async with asyncio.timeout(30):
        while await is_let_in(simulator):
            await asyncio.sleep(0.01)
        kept[1].write(HEAD + BODY)
        assert await kept[0].read() == b""
        while not await is_let_in(simulator):
            await asyncio.sleep(0.02)
    assert (await simulator.send()).status == 200
    entries = [entry for entry in await simulator.ledger() if entry["kind"] in ("fault", "send")]
    assert [entry["kind"] for entry in entries] == ["fault", "send"]
    assert (entries[0]["fault"], entries[0]["processed"]) == ("refuse", False)


async def test_an_outage_on_an_inherited_socket_refuses_for_whoever_has_it_too(exec_simulators, receiver):
    with socket.create_server(("127.0.0.1", 0)) as ours:
        simulator = await exec_simulators("--fd", str(ours.fileno()), pass_fds=(ours.fileno(),))
        await simulator.configure(receiver.url)
        await plan(simulator, {"kind": "refuse", "until_s": 20})
        async with asyncio.timeout(30):
            while await is_let_in(simulator):
                await asyncio.sleep(0.01)
            while not await is_let_in(simulator):
                await asyncio.sleep(0.02)
        assert (await simulator.send()).status == 200


async def test_an_outage_may_be_there_from_the_start(start_simulator, receiver, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "refuse", "until_s": 20}, {"kind": "hold", "until_s": 10}]')
    simulator = await start_simulator("--faults", str(path))
    async with asyncio.timeout(30):
        while not await is_let_in(simulator):
            await asyncio.sleep(0.02)
    await simulator.configure(receiver.url)
    assert (await simulator.send()).status == 200
    assert await simulator.stop() == 0


async def is_let_in(simulator) -> bool:
    try:
        _, writer = await connected(simulator)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.mark.parametrize("rule", [{"kind": "error_before"}, {"kind": "error_after"}], ids=lambda rule: rule["kind"])
async def test_uploads_of_media_are_struck_before_or_after(simulator, rule):
    form = aiohttp.FormData({"messaging_product": "whatsapp", "type": "text/plain"})
    form.add_field("file", b"a note" * 10_000, filename="note.txt", content_type="text/plain")
    await plan(simulator, {**rule, "on": "media", "count": 1})
    url, headers = f"{simulator.address}/v26.0/{NUMBER}/media", {"Authorization": f"Bearer {TOKEN}"}
    async with simulator.session.post(url, data=form, headers=headers) as answer:
        assert answer.status == 500
    fault = await the_fault(simulator)
    assert (fault["on"], fault["processed"]) == ("media", rule["kind"] == "error_after")
    assert (await simulator.send()).status == 200


async def test_a_category_is_known_by_the_template(simulator):
    waba = "200000000000002"
    await simulator.control("POST", f"wabas/{waba}/templates/samples")
    templates = (await simulator.control("GET", f"wabas/{waba}/templates"))["data"]
    await plan(simulator, {"kind": "error_before", "where": {"category": "marketing"}})
    for template in templates:
        request = {"messaging_product": "whatsapp", "to": ANN, "type": "template"}
        named = {"name": template["name"], "language": {"code": template["language"]}}
        answer = await simulator.graph("POST", f"/v26.0/{NUMBER}/messages", {**request, "template": named})
        assert (answer.status == 500) is (template["category"] == "MARKETING"), template["name"]
    assert {"MARKETING", "UTILITY"} <= {template["category"] for template in templates}
    assert (await simulator.send()).status == 200
