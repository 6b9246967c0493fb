"""The supervisor with small scripts as children."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from server.cli.supervisor import ChildFailed, ChildSpec, Supervisor, Written

OBEDIENT = """
import signal, sys, time
def end(*_):
    print(f"{sys.argv[1]} ends", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("serving", flush=True)
while True:
    time.sleep(0.05)
"""
TELLING = OBEDIENT.replace("{sys.argv[1]} ends", "").replace(
    "sys.exit(0)", "open(sys.argv[2], 'a').write(sys.argv[1] + '\\n'); sys.exit(0)"
)
DEAF = OBEDIENT.replace("sys.exit(0)", "pass")
FAILING = 'import sys; print("the port of the thing is missing; set it", file=sys.stderr); sys.exit(3)'
ANSWERING = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    client, _ = listener.accept()
    client.sendall(str(os.getpid()).encode())
    client.close()
"""


async def says_serving(written: Written) -> bool:
    return "serving" in written.text()


@pytest.fixture
def said() -> list[str]:
    """What the supervisor told."""
    return []


@pytest_asyncio.fixture
async def supervisor(said: list[str]) -> AsyncIterator[Supervisor]:
    made = Supervisor(said.append)
    yield made
    made.kill()
    await made.stop()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., ChildSpec]:
    """Makes the spec of a child that runs a script and writes to `<name>.log`."""

    def make(name: str, source: str, *arguments: str, stop_timeout_s: float = 5, **options: object) -> ChildSpec:
        return ChildSpec(
            name=name,
            argv=(sys.executable, "-c", source, *(arguments or (name,))),
            environment=dict(os.environ),
            log=tmp_path / f"{name}.log",
            stop_timeout_s=stop_timeout_s,
            **options,  # type: ignore[arg-type]  # the fields of a spec
        )

    return make


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_child_that_dies_is_started_again(
    supervisor: Supervisor, said: list[str], script: Callable[..., ChildSpec]
) -> None:
    supervisor.start(script("server", OBEDIENT, ready=says_serving))
    await supervisor.wait_ready(timeout_s=30)
    child = supervisor.children["server"]
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.starts == 2 and child.ready.is_set())
    assert child.pid not in (None, first)
    assert said == ["server was killed by signal 9; starting it again"]


async def test_a_child_whose_program_is_away_when_it_dies_is_started_once_it_is_back(
    supervisor: Supervisor, said: list[str], script: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    program, aside = tmp_path / "program", tmp_path / "aside"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    program.chmod(0o700)
    spec = script("server", OBEDIENT, ready=says_serving)
    supervisor.start(replace(spec, argv=(str(program), *spec.argv[1:])))
    await supervisor.wait_ready(timeout_s=30)
    child = supervisor.children["server"]
    program.rename(aside)  # as while another version is installed
    os.kill(child.pid or 0, signal.SIGKILL)
    await until(lambda: any("could not be started" in line for line in said))
    assert f"server could not be started ({program} cannot be executed: no such file or directory" in said[1]
    aside.rename(program)
    await until(lambda: child.starts == 2 and child.ready.is_set())


async def test_a_child_that_never_gets_ready_is_given_up_with_its_own_words(
    supervisor: Supervisor, script: Callable[..., ChildSpec]
) -> None:
    spec = script("server", FAILING, ready=says_serving)
    supervisor.start(spec)
    with pytest.raises(ChildFailed) as failure:
        await supervisor.wait_ready(timeout_s=30)
    assert str(failure.value) == (
        f"server does not start: the port of the thing is missing; set it; mend that, all it said is in {spec.log}"
    )
    assert supervisor.children["server"].starts == 3


async def test_a_child_that_hangs_is_named(supervisor: Supervisor, script: Callable[..., ChildSpec]) -> None:
    async def never(_written: Written) -> bool:
        return False

    supervisor.start(script("quick", OBEDIENT), script("slow", OBEDIENT, ready=never))
    with pytest.raises(ChildFailed, match=r"^slow was not ready after 1 s; .*slow\.log$"):
        await supervisor.wait_ready(timeout_s=1)


async def test_a_program_that_is_not_there_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(ChildSpec("ghost", (str(tmp_path / "nothing"),), {}, tmp_path / "ghost.log"))
    with pytest.raises(ChildFailed, match="nothing cannot be executed: no such file or directory"):
        await supervisor.wait_ready(timeout_s=30)


async def test_groups_stop_in_reverse_order_and_nothing_stays(
    supervisor: Supervisor, said: list[str], script: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    story = tmp_path / "story"
    for names in (("base",), ("left", "right")):
        supervisor.start(*(script(name, TELLING, name, str(story), ready=says_serving) for name in names))
        await supervisor.wait_ready(timeout_s=30)
    pids = [child.pid or 0 for child in supervisor.children.values()]
    await supervisor.stop()
    assert [sorted(story.read_text().split()[:2]), story.read_text().split()[2:]] == [["left", "right"], ["base"]]
    assert all(gone(pid) for pid in pids)
    assert said == []
    await supervisor.stop()


async def test_a_deaf_child_and_its_own_children_are_killed_in_time(
    supervisor: Supervisor, script: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    grandchild = tmp_path / "grandchild"
    source = (
        f"import subprocess\ng = subprocess.Popen(['sleep', '600'])\nopen({str(grandchild)!r}, 'w').write(str(g.pid))\n"
    )
    supervisor.start(script("deaf", source + DEAF, ready=says_serving, stop_timeout_s=0.3))
    await supervisor.wait_ready(timeout_s=30)
    pid = supervisor.children["deaf"].pid
    await supervisor.stop()
    assert pid is not None
    assert gone(pid)
    await until(lambda: not _runs(int(grandchild.read_text())))


def _runs(pid: int) -> bool:
    """A zombie waits only for a parent, which in a container may never ask."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_stop_while_a_child_waits_for_its_next_start_is_prompt(
    supervisor: Supervisor, said: list[str], script: Callable[..., ChildSpec]
) -> None:
    supervisor.start(script("server", "raise SystemExit(3)"))
    await until(lambda: bool(said))
    await supervisor.stop()
    assert supervisor.children["server"].pid is None


async def test_a_socket_that_is_handed_down_outlives_the_process_that_served_it(
    supervisor: Supervisor, script: Callable[..., ChildSpec]
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    fd = listener.fileno()
    supervisor.start(script("server", ANSWERING, str(fd), fds=(fd,)))
    first = await asyncio.to_thread(ask, listener)
    os.kill(first, signal.SIGKILL)
    await until(lambda: gone(first))
    # No process listens in this moment; the connection waits for the next one.
    assert await asyncio.to_thread(ask, listener) != first
    listener.close()


def ask(listener: socket.socket) -> int:
    with socket.create_connection(listener.getsockname(), timeout=30) as client:
        return int(client.recv(100))
