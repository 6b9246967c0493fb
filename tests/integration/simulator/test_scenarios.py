"""Every ready scenario can be set up and played; with a seed and a clock moved by hand it is the same twice."""

import tempfile
from pathlib import Path

import pytest

from simulator.scenario.file import load, names
from tests.integration.simulator.conftest import Receiver

START = 1_800_000_000
A_WHILE_S = 150


async def play(start, receiver: Receiver, name: str, *, seed: int, directory: str) -> bytes:
    """The ledger of so many simulated seconds."""
    simulator = await start(
        *("--scenario", name, "--callback", receiver.url, "--clock", "manual", "--start-at", str(START)),
        *("--seed", str(seed), "--data", directory),
        time_scale=None,
    )
    await simulator.control("POST", "clock", {"advance_s": A_WHILE_S})
    await simulator.stop()
    return (Path(directory) / "ledger.jsonl").read_bytes()


@pytest.mark.parametrize("name", names())
async def test_a_ready_scenario_is_played(start_simulator, receiver, name: str, tmp_path: Path) -> None:
    ledger = await play(start_simulator, receiver, name, seed=1, directory=str(tmp_path))
    people_write = any(beat.call.endswith("/messages") for beat in load(name).story)
    assert (b'"kind":"inbound"' in ledger) == people_write


async def test_the_same_seed_tells_the_same_story(start_simulator, receiver) -> None:
    ledgers = []
    for seed in (7, 7, 8):
        with tempfile.TemporaryDirectory() as directory:
            ledgers.append(await play(start_simulator, receiver, "busy-shop", seed=seed, directory=directory))
    first, again, other = ledgers
    assert first.count(b"\n") > 300
    assert first == again
    assert first != other
