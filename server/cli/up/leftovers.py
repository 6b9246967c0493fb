"""Ends the children of an `up` that was killed: they leave by themselves, but a new `up` should not have to wait.

Called once the data directory is ours. Only processes are touched whose environment names our data directory and a
parent that is not their parent any more.
"""

from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from server.cli.up.plan import DATA_DIR_VARIABLE, PARENT_VARIABLE

_PATIENCE_S = 5.0


def end_leftovers(data_dir: Path) -> int:
    """Asks them to leave, kills those that do not in time, and tells how many there were."""
    found = [process for process in psutil.process_iter() if _is_leftover(process, str(data_dir))]
    for process in found:
        process.terminate()
    _, late = psutil.wait_procs(found, timeout=_PATIENCE_S)
    for process in late:
        process.kill()
    psutil.wait_procs(late, timeout=_PATIENCE_S)
    return len(found)


def _is_leftover(process: psutil.Process, data_dir: str) -> bool:
    try:
        environment = process.environ()
        parent = environment.get(PARENT_VARIABLE, "")
        is_ours = environment.get(DATA_DIR_VARIABLE) == data_dir and parent != ""
        return is_ours and int(parent) != int(process.ppid())
    except (psutil.Error, OSError, ValueError):  # gone meanwhile, or not ours to look at
        return False
