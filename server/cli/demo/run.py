"""One demo from its folder to its exit status: makes the machine, tells the story, says what came of it."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.cli.demo.customer import Refusal
from server.cli.demo.cuts import RECONCILE_WINDOW_S
from server.cli.demo.report import as_json as outcome_json
from server.cli.demo.report import as_text as outcome_text
from server.cli.demo.story import Outcome, tell
from server.cli.up.errors import CannotRun
from server.cli.up.machine import Machine, run_machine
from server.cli.up.plan import make_plan
from server.cli.up.voice import Voice

INTERRUPTED = 130
GRANT_TO_WIRE_MS = 1000
"""A machine that is busy with other things lets a process wait longer than the usual 100 ms, and the demo's few texts
stay far below Meta's limits."""


@dataclass(slots=True)
class Demo:
    """What was asked for, and the status once it is known."""

    as_json: bool
    keep: bool
    began: float = field(default_factory=time.monotonic)
    status: int | None = None

    async def play(self, machine: Machine) -> int:
        """The body of the machine."""
        outcome = await tell(machine)
        seconds = time.monotonic() - self.began
        machine.voice.result(outcome_json(outcome, seconds) if self.as_json else outcome_text(outcome, seconds))
        for sentence in outcome.verdict.disagreements:
            machine.voice.fail(f"Disagreement: {sentence}")
        self.status = 1 if outcome.verdict.disagreements else 0
        if self.keep:
            machine.voice.stage(_look_around(machine, outcome))
            await asyncio.get_running_loop().create_future()  # until the user leaves
        return self.status


def run_demo(data_dir: Path | None, *, as_json: bool, keep: bool) -> int:
    """The exit status. A temporary folder stays only when something went wrong in it."""
    demo, voice = Demo(as_json, keep), Voice()
    folder = _temporary_folder() if data_dir is None else _empty_folder(data_dir)
    worth_keeping = True
    try:
        run_machine(make_plan(_environment(folder), simulator=True), voice, demo.play)
        worth_keeping = bool(demo.status)
    except Refusal as refusal:
        raise CannotRun(f"{refusal}; the log of the API says why") from refusal
    finally:
        if worth_keeping:
            voice.fail(f"Everything is kept in {folder}, the logs in its folder log")
        elif data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
    return INTERRUPTED if demo.status is None else demo.status


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="treeex-demo-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # the servers run as another account then, and pass through it
    return folder


def _empty_folder(path: Path) -> Path:
    folder = Path(os.path.abspath(path.expanduser()))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotRun(f"{folder} is not an empty folder; the demo starts afresh, so give it one with --data-dir")
    return folder


def _environment(folder: Path) -> Mapping[str, str]:
    """Nothing of the user's installation reaches the demo, nor the other way round."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TREEEX_")}
    return {
        **inherited,
        "TREEEX_CONFIG": os.devnull,
        "TREEEX_DATA_DIR": str(folder),
        "TREEEX_PORT": "0",
        "TREEEX_SIMULATOR_PORT": "0",
        "TREEEX_RECONCILE_WINDOW_S": str(RECONCILE_WINDOW_S),
        "TREEEX_GRANT_TO_WIRE_MS": str(GRANT_TO_WIRE_MS),
    }


def _look_around(machine: Machine, outcome: Outcome) -> str:
    return (
        f"Everything keeps running, until Ctrl-C. The logs are in {machine.plan.data_dir / 'log'}\n"
        f"curl -sS '{machine.api_url}/v1/messages?limit=3' -H 'Authorization: Bearer {outcome.key}'\n"
        f"curl -sS {machine.api_url}/v1/conversations -H 'Authorization: Bearer {outcome.key}'\n"
        f"curl -sS {machine.simulator_url}/_sim/ledger/summary"
    )
