"""What happens as time goes by, over HTTP: tokens end, phones stay off for too long, numbers are upgraded."""

import pytest

from tests.integration.simulator.conftest import ANN, APP, NUMBER, TOKEN, WABA

START = 1_800_000_000
DAY_S = 86_400


@pytest.fixture
async def simulator(start_simulator, receiver):
    running = await start_simulator("--clock", "manual", "--start-at", str(START), time_scale=None)
    await running.configure(receiver.url)
    return running


async def advance(simulator, seconds: float) -> None:
    await simulator.control("POST", "clock", {"advance_s": seconds})


async def make_token(simulator, **more: object) -> dict:
    return await simulator.control("POST", "tokens", {"token": TOKEN, "app_id": APP, "waba_ids": [WABA], **more})


async def debugged(simulator) -> dict:
    await simulator.control("POST", "tokens", {"token": "EAAanotherToken01", "app_id": APP, "waba_ids": []})
    answer = await simulator.graph("GET", f"/v26.0/debug_token?input_token={TOKEN}", token="EAAanotherToken01")
    return answer.json["data"]


async def test_a_token_expires_at_its_time(simulator):
    assert (await make_token(simulator, expires_in_s=60 * DAY_S))["expires_at"] == START + 60 * DAY_S
    await advance(simulator, 60 * DAY_S - 1)
    assert (await simulator.send()).status == 200
    assert (await debugged(simulator))["expires_at"] == START + 60 * DAY_S
    await advance(simulator, 1)
    answer = await simulator.send()
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (401, 190, 463)
    assert answer.error["message"].startswith("Error validating access token: Session has expired on ")
    assert "invalid_token" in answer.headers["WWW-Authenticate"]
    shown = await debugged(simulator)
    assert (shown["is_valid"], shown["error"]["subcode"]) == (False, 463)
    await make_token(simulator)
    assert (await simulator.send()).status == 200


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467])
async def test_a_token_can_be_revoked(simulator, subcode):
    shown = await simulator.control("POST", "tokens/revoke", {"token": TOKEN, "subcode": subcode})
    assert TOKEN not in str(shown)
    answer = await simulator.send()
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (401, 190, subcode)
    assert TOKEN not in answer.text


async def test_a_token_that_is_not_there_cannot_be_revoked(simulator):
    answer = await simulator.call("POST", "/_sim/tokens/revoke", {"token": "EAAunknownToken1"})
    assert answer.status == 404


async def test_lost_permissions(simulator):
    await make_token(simulator, scopes=["whatsapp_business_management"])
    answer = await simulator.send()
    assert (answer.status, answer.error["code"]) == (403, 10)
    assert (await simulator.graph("GET", f"/v26.0/{NUMBER}")).status == 200
    await make_token(simulator, scopes=["whatsapp_business_messaging"])
    answer = await simulator.graph("GET", f"/v26.0/{NUMBER}")
    assert (answer.status, answer.error["code"]) == (403, 200)
    assert (await simulator.send()).status == 200
    await make_token(simulator, waba_ids=[])
    assert ((await simulator.send()).error["code"], (await simulator.send()).error["error_subcode"]) == (100, 33)


async def test_two_ends_of_a_token_are_refused(simulator):
    body = {"app_id": APP, "waba_ids": [], "expires_at": START + 5, "expires_in_s": 5}
    assert (await simulator.call("POST", "/_sim/tokens", body)).status == 400


async def test_a_phone_that_is_off_for_a_month_misses_messages(simulator, receiver):
    await simulator.control("PUT", f"people/{ANN}/online", {"online": False})
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await advance(simulator, 30 * DAY_S)
    await simulator.control("PUT", f"people/{ANN}/online", {"online": True})
    await advance(simulator, DAY_S)
    assert receiver.statuses_of(wamid) == ["sent"]
    (expired,) = [entry for entry in await simulator.ledger() if entry["kind"] == "expired"]
    assert (expired["wamid"], expired["at"]) == (wamid, START + 30 * DAY_S)


async def test_an_expired_message_stays_so_after_a_restart(start_simulator, receiver, tmp_path):
    options = ("--clock", "manual", "--start-at", str(START), "--data", str(tmp_path / "data"))
    first = await start_simulator(*options, time_scale=None)
    await first.configure(receiver.url)
    await first.control("PUT", f"people/{ANN}/online", {"online": False})
    await first.send()
    await advance(first, 20 * DAY_S)
    await first.send()
    await advance(first, 15 * DAY_S)
    await first.stop()
    second = await start_simulator(*options, time_scale=None)
    await advance(second, 16 * DAY_S)
    assert [entry["at"] for entry in await second.ledger() if entry["kind"] == "expired"] == [
        START + 30 * DAY_S,
        START + 50 * DAY_S,
    ]


async def test_an_upgrade_is_a_minute_of_maintenance_and_then_1000_a_second(simulator):
    await simulator.control("POST", f"numbers/{NUMBER}/upgrade")
    answer = await simulator.send()
    assert (answer.status, answer.error["code"]) == (500, 131057)
    await advance(simulator, 60)
    assert (await simulator.send()).status == 200
    node = (await simulator.graph("GET", f"/v26.0/{NUMBER}?fields=throughput")).json
    assert node["throughput"] == {"level": "HIGH"}
    (number,) = (await simulator.control("GET", "limits"))["numbers"]
    assert (number["throughput_mps"], number["upgrade_until"], number["in_this_second"]) == (1000, None, 1)


BUSINESS = "900000000000001"
RESTRICTION = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": START + 100}

STATES = [
    ("numbers", NUMBER, {"quality_rating": "RED"}, 400, 131048),
    ("numbers", NUMBER, {"status": "DISCONNECTED"}, 400, 133010),
    ("wabas", WABA, {"ban_state": "DISABLE"}, 403, 131031),
    ("wabas", WABA, {"restrictions": [RESTRICTION]}, 403, 368),
]


@pytest.mark.parametrize(("kind", "id_", "change", "http", "code"), STATES)
async def test_a_state_refuses_sends_and_meta_tells_of_it(simulator, receiver, kind, id_, change, http, code):
    await simulator.control("PATCH", f"{kind}/{id_}", change)
    answer = await simulator.send()
    assert (answer.status, answer.error["code"]) == (http, code)
    await advance(simulator, 1)
    fields = [changed["field"] for post in receiver.posts for changed in post.changes]
    told = {131048: ["phone_number_quality_update"], 133010: [], 131031: ["account_update"], 368: ["account_update"]}
    assert fields == told[code]


async def test_a_restriction_ends_at_its_time(simulator):
    await simulator.control("PATCH", f"wabas/{WABA}", {"restrictions": [RESTRICTION]})
    await advance(simulator, 99)
    assert (await simulator.send()).error["code"] == 368
    await advance(simulator, 1)
    assert (await simulator.send()).status == 200


async def test_without_payment_what_starts_a_conversation_fails(simulator, receiver):
    await simulator.control("PATCH", f"wabas/{WABA}", {"payment_problem": True})
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await advance(simulator, 1)
    assert receiver.statuses_of(wamid) == ["failed"]
    assert receiver.accepted[0]["errors"][0]["code"] == 131042


async def test_a_grown_limit_is_told(simulator, receiver):
    await simulator.control("PATCH", f"portfolios/{BUSINESS}", {"messaging_limit": "TIER_250"})
    await simulator.control("PUT", "settings", {"closed_window": "allow", "limits": {"throughput": "off"}})
    for n in range(125):
        assert (await simulator.send(to=f"+1202555{n:04d}")).status == 200
    await advance(simulator, 7 * 3600)
    told = [c["value"] for post in receiver.posts for c in post.changes if c["field"] == "business_capability_update"]
    assert [value["max_daily_conversations_per_business"] for value in told] == [250, 2000]
    (portfolio,) = (await simulator.control("GET", "limits"))["portfolios"]
    assert portfolio["messaging_limit"] == "TIER_2K"


async def test_the_end_of_an_upgrade_is_told(simulator, receiver):
    await simulator.control("POST", f"numbers/{NUMBER}/upgrade")
    await advance(simulator, 61)
    (change,) = [change for post in receiver.posts for change in post.changes]
    assert (change["field"], change["value"]["event"]) == ("phone_number_quality_update", "THROUGHPUT_UPGRADE")
