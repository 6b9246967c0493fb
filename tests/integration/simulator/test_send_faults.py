"""Planned faults on sends, over real connections: what the client gets, and what the ledger says really happened."""

import asyncio
import json

import aiohttp
import pytest

NUMBER, ANN, BEN = "300000000000003", "15550100001", "15550100002"
OPAQUE = "t1.00000000000000000000000000000001.1.mac"


async def plan(simulator, *rules: dict) -> None:
    await simulator.control("PUT", "faults", list(rules))


async def kinds(simulator) -> list[str]:
    return [entry["kind"] for entry in await simulator.ledger() if entry["kind"] in ("send", "refused", "fault")]


async def the_fault(simulator) -> dict:
    (entry,) = [entry for entry in await simulator.ledger() if entry["kind"] == "fault"]
    return entry


async def test_drop_before_cuts_and_nothing_has_happened(simulator):
    await plan(simulator, {"kind": "drop_before", "count": 1})
    with pytest.raises(aiohttp.ClientError):
        await simulator.send(biz_opaque_callback_data=OPAQUE)
    assert await kinds(simulator) == ["fault"]
    fault = await the_fault(simulator)
    assert fault["fault"] == "drop_before"
    assert fault["biz_opaque_callback_data"] == OPAQUE
    assert (fault["phone_number_id"], fault["wa_id"]) == (NUMBER, ANN)
    assert (fault["processed"], fault["wamid"]) == (False, None)
    assert (await simulator.send()).status == 200


async def test_drop_after_cuts_but_the_message_arrives(simulator, receiver):
    await plan(simulator, {"kind": "drop_after", "count": 1})
    with pytest.raises(aiohttp.ClientError):
        await simulator.send(biz_opaque_callback_data=OPAQUE)
    assert await kinds(simulator) == ["send", "fault"]
    fault = await the_fault(simulator)
    assert fault["processed"] is True
    await receiver.until(lambda: receiver.statuses_of(fault["wamid"]) == ["sent", "delivered", "read"])
    assert {update["biz_opaque_callback_data"] for update in receiver.accepted} == {OPAQUE}


@pytest.mark.parametrize(
    ("kind", "http", "wanted"), [("error_before", 429, ["fault"]), ("error_after", 502, ["send", "fault"])]
)
async def test_bare_errors_are_not_metas_json(simulator, kind, http, wanted):
    await plan(simulator, {"kind": kind, "count": 1}, {"kind": kind, "http": http, "count": 1})
    answers = [await simulator.send(), await simulator.send()]
    assert [answer.status for answer in answers] == [500, http]
    for answer in answers:
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(answer.text)
    assert await kinds(simulator) == wanted * 2


async def test_garbage_after_is_a_200_that_says_nothing(simulator):
    await plan(simulator, {"kind": "garbage_after", "count": 1}, {"kind": "garbage_after", "body": '{"messages":[]}'})
    page, empty = await simulator.send(), await simulator.send()
    assert (page.status, empty.status) == (200, 200)
    assert page.text.startswith("<!DOCTYPE html>")
    assert empty.json == {"messages": []}
    assert await kinds(simulator) == ["send", "fault"] * 2


async def test_half_answer_breaks_off_in_the_body(simulator):
    whole = await simulator.send()
    await plan(simulator, {"kind": "half_answer"})
    request = {"messaging_product": "whatsapp", "to": ANN, "text": {"body": "x"}, "biz_opaque_callback_data": OPAQUE}
    headers = {"Authorization": "Bearer EAAtokenOfTheTests0001"}
    url = f"{simulator.address}/v26.0/{NUMBER}/messages"
    async with simulator.session.post(url, json=request, headers=headers) as answer:
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) == pytest.approx(len(whole.text), abs=2)
        half = await answer.content.readexactly(int(answer.headers["Content-Length"]) // 2)
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.readany()
    assert half.startswith(b'{"messaging_product":"whatsapp"')
    assert await kinds(simulator) == ["send", "send", "fault"]


async def test_slow_holds_the_whole_answer_back_after_processing(simulator, receiver):
    await plan(simulator, {"kind": "slow", "seconds": 3600, "count": 1})
    waiting = asyncio.create_task(simulator.send())
    await simulator.until_ledger(lambda entry: entry["kind"] == "fault")
    await simulator.quiet()
    wamid = (await the_fault(simulator))["wamid"]
    assert receiver.statuses_of(wamid) == ["sent", "delivered", "read"]
    assert not waiting.done()
    waiting.cancel()
    await plan(simulator, {"kind": "slow", "seconds": 0.01})
    answer = await simulator.send()
    assert (answer.status, len(answer.json["messages"])) == (200, 1)


async def test_it_stops_while_an_answer_is_held_back(simulator):
    await plan(simulator, {"kind": "slow", "seconds": 3600})
    waiting = asyncio.create_task(simulator.send())
    await simulator.until_ledger(lambda entry: entry["kind"] == "fault")
    assert await simulator.stop() == 0
    with pytest.raises(aiohttp.ClientError):
        await waiting


META_ERRORS = [
    ({"code": 130429}, 400, "(#130429) Rate limit hit"),
    ({"code": 131057, "http": 500}, 500, "(#131057) Account in maintenance mode"),
    ({"code": 190, "subcode": 463, "http": 401}, 401, "Error validating access token: Session has expired"),
    ({"code": 4, "http": 429, "is_transient": True}, 429, "(#4) Application request limit reached"),
    ({"code": 131057}, 500, "(#131057) Account in maintenance mode"),
    ({"code": 131031}, 403, "(#131031) Account has been locked"),
    ({"code": 132015}, 400, "(#132015) Template is paused"),
    ({"code": 138021}, 400, "(#138021) Call failed"),
    ({"code": 9_999_999}, 400, "(#9999999) Something went wrong"),
    ({"code": 131056, "message": "Slow down"}, 400, "Slow down"),
]


@pytest.mark.parametrize(("rule", "http", "message"), META_ERRORS)
async def test_any_error_of_meta_on_demand(shared_simulator, rule, http, message):
    before = len(await kinds(shared_simulator))
    await plan(shared_simulator, {"kind": "meta_error", **rule, "count": 1})
    answer = await shared_simulator.send()
    assert (answer.status, answer.error["code"], answer.error["message"]) == (http, rule["code"], message)
    assert answer.error.get("error_subcode") == rule.get("subcode")
    assert answer.error.get("is_transient") == rule.get("is_transient")
    assert (await kinds(shared_simulator))[before:] == ["fault", "refused"]


async def test_a_fault_after_strikes_no_message_that_is_refused(simulator):
    await plan(simulator, {"kind": "drop_after", "count": 1})
    assert (await simulator.send("x" * 4097)).error["code"] == 100
    assert await kinds(simulator) == ["refused"]
    assert (await simulator.control("GET", "faults"))["data"][0]["injected"] == 0


async def test_read_receipts_and_other_calls_are_never_struck(simulator):
    inbound = await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await plan(simulator, {"kind": "drop_before"})
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": inbound["id"]}
    assert (await simulator.graph("POST", f"/v26.0/{NUMBER}/messages", receipt)).json == {"success": True}
    assert (await simulator.graph("GET", f"/v26.0/{NUMBER}")).status == 200


async def test_only_the_recipient_of_the_rule_is_struck(simulator):
    await simulator.control("PUT", f"people/{BEN}", {"name": "Ben"})
    await plan(simulator, {"kind": "error_before", "where": {"recipient": BEN}})
    assert (await simulator.send()).status == 200
    assert (await simulator.send(to="+1 (555) 010-0002")).status == 500


async def test_rules_can_be_read_replaced_and_cleared(simulator):
    await plan(simulator, {"kind": "error_before", "share": 1, "count": 5})
    await simulator.send()
    (shown,) = (await simulator.control("GET", "faults"))["data"]
    assert (shown["kind"], shown["count"], shown["injected"], shown["http"]) == ("error_before", 5, 1, 500)
    assert (await simulator.control("DELETE", "faults")) == {"data": []}
    assert (await simulator.send()).status == 200


async def test_a_list_with_a_wrong_rule_changes_nothing(simulator):
    await plan(simulator, {"kind": "error_before"})
    for body in ([{"kind": "error_before"}, {"kind": "nonsense"}], {"kind": "error_before"}, None):
        refused = await simulator.call("PUT", "/_sim/faults", body)
        assert refused.status == 400
        assert "simulator/README.md" in refused.error["message"]
    assert (await simulator.send()).status == 500


async def test_the_command_takes_a_file_of_rules(start_simulator, receiver, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "error_before", "count": 1}]')
    simulator = await start_simulator("--faults", str(path))
    await simulator.configure(receiver.url)
    assert (await simulator.send()).status == 500
    assert (await simulator.send()).status == 200


async def test_a_file_that_is_no_list_of_rules_is_refused(launch_process, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "error_before", "share": 2}]')
    process = await launch_process("--faults", str(path))
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert (process.returncode, out) == (1, b"")
    assert b"is not a list of fault rules" in err
    assert b"Traceback" not in err
