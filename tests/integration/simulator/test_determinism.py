"""With a seed, the manual clock and one driver, two processes that get the same calls write the same ledger."""

import random
import tempfile
from pathlib import Path

import pytest

from tests.integration.simulator.conftest import NUMBER, WABA, Receiver, Simulator

START = 1_800_000_000
PEOPLE = [f"1555010{n:04d}" for n in range(100, 120)]
CALLS = 300
RULES = [
    {"kind": "delay", "seconds": [0, 3], "share": 0.2},
    {"kind": "repeat", "later_s": [0, 2], "share": 0.1},
    {"kind": "reorder", "window_s": 1, "share": 0.3},
    {"kind": "drop", "of": ["delivered"], "share": 0.1},
    {"kind": "fail_later", "share": 0.05},
    {"kind": "error_after", "share": 0.03},
    {"kind": "meta_error", "code": 131016, "http": 503, "share": 0.03},
]


@pytest.fixture
async def start_simulator(exec_simulators):
    """Pythons of their own, which differ in all that they choose by chance."""
    return exec_simulators


async def drive(simulator: Simulator, receiver: Receiver, dice: random.Random) -> None:
    await simulator.configure(receiver.url)
    # The port of the receiver is the system's choice; nothing of it is in the ledger.
    for wa_id in PEOPLE:
        behaviour = {"read_delay_s": 3, "reply_every": 2, "skip_delivered_share": 0.2, "photo_share": 0.3}
        await simulator.control("PUT", f"people/{wa_id}", {"name": wa_id, "behaviour": behaviour})
    await simulator.control("PUT", "faults", RULES)
    await simulator.control("POST", f"wabas/{WABA}/templates/samples")
    settings = {
        "closed_window": "allow",
        "pacing_share": 0.3,
        "pacing_dropped_share": 0.3,
        "marketing_capped_share": 0.2,
    }
    await simulator.control("PUT", "settings", {**settings, "sent_delay_s": {"p50": 0.25, "p99": 2}})
    receiver.answers.extend(dice.choice([200, 200, 200, 500]) for _ in range(400))
    for _ in range(CALLS):
        await one_call(simulator, dice)
    await simulator.control("POST", "clock", {"run_until_quiet": True})


async def one_call(simulator: Simulator, dice: random.Random) -> None:
    wa_id = dice.choice(PEOPLE)
    match dice.randrange(10):
        case 0 | 1 | 2:
            await simulator.send(f"to {wa_id}", to=f"+{wa_id}", biz_opaque_callback_data="ours")
        case 3:
            await simulator.send("", to=f"+{wa_id}")
        case 4:
            await simulator.call("POST", f"/_sim/people/{wa_id}/messages", {"to": NUMBER, "text": "hello"})
        case 5:
            await simulator.control("PUT", f"people/{wa_id}/online", {"online": dice.random() < 0.7})
        case 6:
            await simulator.control("POST", f"people/{wa_id}/read", {"all": True})
        case 7:
            template = {"name": "hello_world", "language": {"code": "en_US"}}
            await simulator.send(to=f"+{wa_id}", type="template", template=template)
        case 8:
            quality = dice.choice(["GREEN", "YELLOW", "RED"])
            await simulator.control("PATCH", f"numbers/{NUMBER}", {"quality_rating": quality})
        case 9:
            await simulator.control("POST", "clock", {"advance_s": dice.choice([0, 0.1, 1, 10])})


async def ledger_of_a_run(start, receiver: Receiver, seed: int) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        options = ("--clock", "manual", "--start-at", str(START), "--seed", str(seed), "--data", directory)
        simulator = await start(*options, time_scale=None)
        await drive(simulator, receiver, random.Random(11))
        await simulator.stop()
        receiver.answers.clear()
        return (Path(directory) / "ledger.jsonl").read_bytes()


@pytest.fixture
async def first_ledger(start_simulator, receiver) -> bytes:
    return await ledger_of_a_run(start_simulator, receiver, seed=7)


async def test_the_same_seed_gives_the_same_bytes(start_simulator, receiver, first_ledger):
    assert first_ledger.count(b"\n") > 500
    for part in (b'"type":"template"', b'"type":"image"', b'"fails_with":132015', b'"code":131048', b'"kind":"fault"'):
        assert part in first_ledger
    assert await ledger_of_a_run(start_simulator, receiver, seed=7) == first_ledger


async def test_another_seed_gives_other_ids(start_simulator, receiver, first_ledger):
    assert await ledger_of_a_run(start_simulator, receiver, seed=8) != first_ledger
