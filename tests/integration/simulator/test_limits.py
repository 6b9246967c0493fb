"""The limits over HTTP, with time moved by hand: what is refused, with which words, and until when."""

import json

import pytest

from tests.integration.simulator.conftest import ANN, DISPLAY, NUMBER, WABA

START = 1_800_000_000
BUSINESS = "900000000000001"


@pytest.fixture
async def simulator(start_simulator, receiver):
    running = await start_simulator("--clock", "manual", "--start-at", str(START), time_scale=None)
    await running.configure(receiver.url)
    return running


async def advance(simulator, seconds: float) -> None:
    await simulator.control("POST", "clock", {"advance_s": seconds})


async def put_number(simulator, **more: object) -> None:
    await simulator.control("PUT", f"numbers/{NUMBER}", {"waba_id": WABA, "display_phone_number": DISPLAY, **more})


async def settle(simulator, **settings: object) -> None:
    await simulator.control("PUT", "settings", {"closed_window": "allow", **settings})


def person(n: int) -> str:
    return f"+1202555{n:04d}"


async def accepted_of(simulator, count: int, to=person) -> int:
    """How many of so many sends went, until the first that did not."""
    for done in range(count):
        if (await simulator.send(to=to(done))).status != 200:
            return done
    return count


async def test_80_messages_a_second(simulator):
    assert await accepted_of(simulator, 81) == 80
    answer = await simulator.send(to=person(500))
    assert (answer.status, answer.error["code"]) == (400, 130429)
    assert answer.error["message"] == "(#130429) Rate limit hit"
    assert "too many messages sent from this phone number" in answer.error["error_data"]["details"]
    await advance(simulator, 1)
    assert (await simulator.send()).status == 200
    refused = [entry for entry in await simulator.ledger() if entry["kind"] == "refused"]
    assert [entry["code"] for entry in refused] == [130429, 130429]


async def test_what_people_write_counts_against_the_throughput(simulator):
    await put_number(simulator, throughput_mps=5)
    for _ in range(3):
        await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    assert await accepted_of(simulator, 5) == 2


async def test_a_burst_to_one_person_is_owed(simulator):
    assert await accepted_of(simulator, 21, to=lambda n: f"+{ANN}") == 21
    await advance(simulator, 21 * 6 - 1)
    answer = await simulator.send()
    assert (answer.status, answer.error["code"]) == (400, 131056)
    assert answer.error["message"] == "(#131056) (Business Account, Consumer Account) pair rate limit hit"
    assert (await simulator.send(to=person(500))).status == 200
    await advance(simulator, 1)
    assert (await simulator.send()).status == 200


async def test_45_messages_are_a_burst(simulator):
    assert await accepted_of(simulator, 46, to=lambda n: f"+{ANN}") == 45


async def test_a_portfolio_reaches_250_people_and_then_only_those(simulator):
    await simulator.control("PATCH", f"portfolios/{BUSINESS}", {"messaging_limit": "TIER_250"})
    await settle(simulator, limits={"throughput": "off"})
    assert await accepted_of(simulator, 251) == 250
    assert (await simulator.send(to=person(777))).error["code"] == 131048
    (portfolio,) = (await simulator.control("GET", "limits"))["portfolios"]
    assert (portfolio["people_reached"], portfolio["grows_at"]) == (250, START + 6 * 3600)
    assert (await simulator.send(to=person(7))).status == 200
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    assert (await simulator.send()).status == 200  # inside the window
    await advance(simulator, 24 * 3600)
    assert (await simulator.send(to=person(777))).status == 200


async def test_over_the_messaging_limit_a_message_may_fail_later(simulator, receiver):
    await simulator.control("PATCH", f"portfolios/{BUSINESS}", {"messaging_limit": "TIER_250"})
    await settle(simulator, limits={"throughput": "off"}, over_messaging_limit="fail")
    last = person(250)[1:]
    await simulator.control("PUT", f"people/{last}", {"name": "One too many"})
    assert await accepted_of(simulator, 251) == 251
    await advance(simulator, 60)
    failed = [status for status in receiver.accepted if status["status"] == "failed"]
    assert [s["errors"][0]["code"] for s in failed if s["recipient_id"] == last] == [131048]


async def test_a_recorded_limit_is_in_the_ledger_and_nothing_is_refused(simulator):
    await put_number(simulator, throughput_mps=1, limits={"throughput": "record"})
    assert await accepted_of(simulator, 3) == 3
    entries = [entry for entry in await simulator.ledger() if entry["kind"] == "limit"]
    assert [(entry["limit"], entry["code"]) for entry in entries] == [("throughput", 130429)] * 2


async def test_management_calls_have_an_hour(simulator):
    await settle(simulator, account_calls_per_hour=4)
    answers = [await simulator.graph("GET", f"/v26.0/{NUMBER}") for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 4 + [400]
    assert answers[-1].error["code"] == 80007
    assert [usage(answer)["call_count"] for answer in answers] == [25, 50, 75, 100, 100]
    assert usage(answers[-1])["estimated_time_to_regain_access"] == 60
    assert (await simulator.send()).status == 200
    await advance(simulator, 3600)
    after = await simulator.graph("GET", f"/v26.0/{WABA}/phone_numbers")
    assert (after.status, usage(after)["call_count"]) == (200, 25)


def usage(answer) -> dict:
    return json.loads(answer.headers["X-Business-Use-Case-Usage"])[WABA][0]


async def test_an_app_has_a_limit_on_all_accounts(simulator):
    await settle(simulator, app_calls_per_hour=2)
    answers = [await simulator.graph("GET", f"/v26.0/{WABA}") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 400]
    assert answers[-1].error["code"] == 4
    assert [json.loads(answer.headers["X-App-Usage"])["call_count"] for answer in answers] == [50, 100, 100]


async def test_a_restart_forgets_no_debt(start_simulator, receiver, tmp_path):
    options = ("--clock", "manual", "--start-at", str(START), "--data", str(tmp_path / "data"))
    first = await start_simulator(*options, time_scale=None)
    await first.configure(receiver.url)
    await first.control("PATCH", f"portfolios/{BUSINESS}", {"messaging_limit": "TIER_2K"})
    await accepted_of(first, 20, to=lambda n: f"+{ANN}")
    await first.stop()
    second = await start_simulator(*options, time_scale=None)
    await advance(second, 10)
    assert (await second.send()).error["code"] == 131056
    (portfolio,) = (await second.control("GET", "limits"))["portfolios"]
    assert (portfolio["messaging_limit"], portfolio["people_reached"]) == ("TIER_2K", 1)
