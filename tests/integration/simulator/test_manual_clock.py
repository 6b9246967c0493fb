"""Time moved by hand: it stands still until a call moves it, and the answer comes when all that was due is done."""

import asyncio

import pytest

from tests.integration.simulator.conftest import ANN, NUMBER

START = 1_800_000_000
DAY_S = 86_400


@pytest.fixture
async def simulator(start_simulator, receiver):
    running = await start_simulator("--clock", "manual", "--start-at", str(START), "--seed", "7", time_scale=None)
    await running.configure(receiver.url)
    return running


async def move(simulator, **how: object) -> dict:
    return await simulator.control("POST", "clock", how)


async def test_nothing_happens_until_time_is_moved(simulator, receiver):
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await asyncio.sleep(0)
    assert receiver.posts == []
    assert (await simulator.control("GET", "clock"))["now"] == START
    moved = await move(simulator, advance_s=1)
    assert (moved["now"], moved["quiet"], moved["posts"]) == (START + 1, False, 3)
    assert receiver.statuses_of(wamid) == ["sent", "delivered"]
    await move(simulator, advance_s=2)
    assert receiver.statuses_of(wamid) == ["sent", "delivered", "read"]


async def test_25_hours_close_the_window(simulator):
    await simulator.control("PUT", "settings", {"closed_window": "refuse"})
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    assert (await simulator.send()).status == 200
    await move(simulator, advance_s=25 * 3600)
    assert (await simulator.send()).error["code"] == 131047


async def test_timestamps_are_those_of_the_clock(simulator, receiver):
    await simulator.send()
    await move(simulator, advance_s=10)
    first, *_ = receiver.accepted
    assert START <= int(first["timestamp"]) <= START + 1
    assert all(START <= entry["at"] <= START + 10 for entry in await simulator.ledger())


async def test_seven_days_of_retries_take_no_time(simulator, receiver):
    receiver.answers.extend([503] * 10_000)
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    moved = await move(simulator, run_until_quiet=True)
    assert moved["quiet"]
    assert START + 7 * DAY_S - 3600 < moved["now"] <= START + 7 * DAY_S + 1
    attempts = [entry for entry in await simulator.ledger() if entry["kind"] == "webhook"]
    assert attempts[-1]["outcome"] == "dropped"
    assert [entry["at"] for entry in attempts] == sorted(entry["at"] for entry in attempts)


async def test_a_retry_is_due_at_its_own_moment(simulator, receiver):
    receiver.answers.extend([503, 503])
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await move(simulator, advance_s=5)
    assert [post.answered for post in receiver.posts] == [503, 503]
    await move(simulator, advance_s=0.1)
    assert [post.answered for post in receiver.posts] == [503, 503, 200]


async def test_quiet_can_be_looked_for_only_so_far(simulator, receiver):
    receiver.answers.extend([503] * 100)
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    moved = await move(simulator, run_until_quiet=True, at_most_s=60)
    assert not moved["quiet"]
    assert moved["now"] <= START + 60


async def test_dates_may_be_given(simulator):
    await move(simulator, advance_to="2027-01-15T09:00:00+01:00")
    assert (await simulator.control("GET", "clock"))["date"] == "2027-01-15T08:00:00+00:00"
    assert (await move(simulator, advance_to=START + 3600))["now"] == START + 3600


REFUSED = [
    ({}, "say how far"),
    ({"advance_s": 1, "run_until_quiet": True}, "say how far"),
    ({"advance_to": START - 1}, "only forwards"),
    ({"advance_to": "2027-06-01T00:00:00"}, "time zone"),
    ({"advance_s": -1}, "advance_s"),
]


@pytest.mark.parametrize(("how", "sentence"), REFUSED)
async def test_moves_that_are_refused(simulator, how, sentence):
    answer = await simulator.call("POST", "/_sim/clock", how)
    assert answer.status == 400
    assert sentence in answer.error["message"]


async def test_two_cannot_move_it_at_once(simulator, receiver, wait_until):
    receiver.hold = asyncio.Event()
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    first = asyncio.create_task(move(simulator, advance_s=1))

    async def refused() -> bool:
        return (await simulator.call("POST", "/_sim/clock", {"advance_s": 0})).status == 409

    async with asyncio.timeout(30):
        while not await refused():
            await asyncio.sleep(0.01)
    receiver.hold.set()
    assert (await first)["posts"] == 1


async def test_a_clock_that_moves_by_itself_is_not_moved(start_simulator):
    running = await start_simulator()
    answer = await running.call("POST", "/_sim/clock", {"advance_s": 1})
    assert answer.status == 409
    assert "--clock manual" in answer.error["message"]
    assert (await running.control("GET", "clock"))["clock"] == "scaled"


async def test_a_restarted_run_goes_on_where_its_time_stood_with_ids_of_its_own(start_simulator, receiver, tmp_path):
    options = ("--clock", "manual", "--start-at", str(START), "--data", str(tmp_path / "data"))
    first = await start_simulator(*options, time_scale=None)
    await first.configure(receiver.url)
    ids = [(await first.send()).json["messages"][0]["id"]]
    await move(first, advance_s=DAY_S)
    ids.append((await first.send()).json["messages"][0]["id"])
    await first.stop()
    second = await start_simulator(*options, time_scale=None)
    assert (await second.control("GET", "clock"))["now"] == START + DAY_S
    ids += [(await second.send()).json["messages"][0]["id"] for _ in range(5)]
    assert len(set(ids)) == 7


@pytest.mark.parametrize(
    "options",
    [
        ("--clock", "manual", "--time-scale", "20"),
        ("--clock", "real", "--scale-points"),
        ("--clock", "real", "--time-scale", "2"),
    ],
)
async def test_options_that_contradict_each_other_are_refused(launch_process, options):
    process = await launch_process(*options)
    _, complaint = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 1
    assert b"has no scale" in complaint


@pytest.mark.parametrize("text", ["2027-06-01T00:00:00", "yesterday", "-5", "1e99"])
async def test_a_start_that_is_no_time_is_refused(launch_process, text):
    process = await launch_process(f"--start-at={text}")
    _, complaint = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 2
    assert b"2027-01-31T12:00:00Z" in complaint


async def test_points_in_time_that_scale_close_the_window_early(start_simulator, receiver):
    running = await start_simulator("--scale-points", "--start-at", str(START), time_scale=2_000_000)
    await running.configure(receiver.url)
    await running.control("PUT", "settings", {"closed_window": "refuse"})
    await running.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    async with asyncio.timeout(30):
        while (await running.send()).status == 200:  # a day lasts 43 ms
            await asyncio.sleep(0.01)
    assert (await running.send()).error["code"] == 131047
