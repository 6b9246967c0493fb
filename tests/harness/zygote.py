"""Has a program imported, and forks it whenever it is asked to: a start without the price of the imports.

A process of its own, asked over a socket by `forks.Zygote`. It never runs the program itself, so nothing of one run
is ever left for the next. Forks share what a Python chooses by chance at its start, such as the order of sets.
"""

import contextlib
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import threading
from typing import Any, NoReturn

LONGEST_MESSAGE = 65_536
_LOOK_EVERY_S = 0.02
PROGRAMS = {
    "treeex": ("server.cli.app", "server.cli.running", "server.main", "server.workers.loop", "uvicorn", "uvloop"),
    "simulator": ("simulator.cli", "uvloop"),
}
"""What is imported of each; the first has its `main`."""


def main() -> None:
    control, program = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
    for name in PROGRAMS[program]:
        importlib.import_module(name)
    if threading.active_count() > 1:
        sys.exit("a thread runs, so forking is not safe: find the import that started it")
    children: set[int] = set()
    tell(control, {"ready": True})
    while serve(control, children, program):
        report(control, children)
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def serve(control: socket.socket, children: set[int], program: str) -> bool:
    """Forks if it was asked to. False when nobody can ask any more."""
    if not select.select([control], [], [], _LOOK_EVERY_S)[0]:
        return True
    message, descriptors, _, _ = socket.recv_fds(control, LONGEST_MESSAGE, 1)
    if not message:
        return False
    pid = os.fork()
    if pid == 0:
        become(control, program, json.loads(message), descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    children.add(pid)
    tell(control, {"forked": pid})
    return True


def report(control: socket.socket, children: set[int]) -> None:
    """Tells of children that stopped or ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            tell(control, {"stopped": pid})
        else:
            children.discard(pid)
            tell(control, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def tell(control: socket.socket, news: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # who asked is gone; the next look at the socket says so
        control.send(json.dumps(news).encode())


def become(control: socket.socket, program: str, request: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """This process, forked a moment ago, becomes the program. With a descriptor it serves on it."""
    code = 1
    try:
        control.close()
        redirect(request["log"])
        os.environ.clear()
        os.environ.update(request["environment"])
        random.seed()
        if request["mutant"] is not None:
            from tests.chaos.mutants import breed

            breed(request["mutant"])
        sys.argv = [program, *request["arguments"], *(["--fd", str(descriptors[0])] if descriptors else [])]
        code = importlib.import_module(PROGRAMS[program][0]).main() or 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def redirect(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    main()
