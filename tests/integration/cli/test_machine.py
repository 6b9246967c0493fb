"""The life of a machine, where a whole `treeex up` would be too coarse to steer."""

import asyncio
import os
import signal
import time

from server.cli.up.machine import Machine, run_machine
from server.cli.up.plan import make_plan
from server.cli.up.playground import simulated_meta
from server.cli.up.voice import Voice
from tests.e2e.running_up import STOP_BUDGET_S, processes_of, short_data_dir


def test_leaving_does_not_wait_for_a_child_that_hangs() -> None:
    left_at: list[float] = []

    def press_ctrl_c() -> None:
        left_at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    async def ask_a_stopped_simulator(machine: Machine) -> int:
        await machine.wait_simulator()
        os.kill(machine.supervisor.children["simulator"].pid or 0, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.2, press_ctrl_c)
        await asyncio.to_thread(simulated_meta(machine).summary)
        return 0

    with short_data_dir() as data_dir:
        environ = {**os.environ, "TREEEX_CONFIG": os.devnull, "TREEEX_DATA_DIR": str(data_dir)}
        plan = make_plan({**environ, "TREEEX_PORT": "0", "TREEEX_SIMULATOR_PORT": "0"}, simulator=True)
        assert run_machine(plan, Voice(), ask_a_stopped_simulator) is None
        assert time.monotonic() - left_at[0] < STOP_BUDGET_S
        assert processes_of(data_dir) == {}
