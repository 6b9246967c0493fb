"""The life of a machine, where a whole `treeex up` would be too coarse to steer."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from server.cli.up.machine import Machine, run_machine
from server.cli.up.plan import Plan, make_plan
from server.cli.up.playground import simulated_meta
from server.cli.up.servers import Servers
from server.cli.up.voice import Voice
from server.embedded import prepare_data_dir
from tests.e2e.running_up import processes_of, short_data_dir

ASKING_S = 15.0
"""So long is the simulator waited for; whoever waits for that too has not even begun to stop the machine then."""


async def test_a_server_that_cannot_start_again_does_not_keep_the_other_from_it() -> None:
    said: list[str] = []
    with short_data_dir() as data_dir:
        servers = Servers(plan_of(data_dir), said.append)
        prepare_data_dir(data_dir)
        await asyncio.to_thread(servers.start)
        keeping = asyncio.create_task(servers.keep(said.append))
        configuration = data_dir / "valkey.conf"
        try:
            valkey, postgres = servers._valkey, servers._postgres
            assert valkey is not None
            assert postgres is not None
            os.unlink(configuration)
            os.mkdir(configuration)  # nothing can be written there now
            for server in (valkey, postgres):
                os.kill(server.pid, signal.SIGKILL)
            await until(lambda: any("writing Valkey's configuration" in line for line in said))
            await until(lambda: servers._postgres is not postgres and servers._postgres.alive())
            assert servers._valkey is valkey
            os.rmdir(configuration)
            await until(lambda: servers._valkey is not valkey and servers._valkey.alive())
        finally:
            keeping.cancel()
            await asyncio.to_thread(servers.stop)
        assert processes_of(data_dir) == {}


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
        assert run_machine(plan_of(data_dir), Voice(), ask_a_stopped_simulator) is None
        assert time.monotonic() - left_at[0] < ASKING_S
        assert processes_of(data_dir) == {}


def plan_of(data_dir: Path) -> Plan:
    environ = {**os.environ, "TREEEX_CONFIG": os.devnull, "TREEEX_DATA_DIR": str(data_dir)}
    return make_plan({**environ, "TREEEX_PORT": "0", "TREEEX_SIMULATOR_PORT": "0"}, simulator=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)
