"""What `PUT /_sim/faults` and `--faults FILE` take: a list of rules, or the name of a plan that makes one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from simulator.errors import CannotStart
from simulator.faults.plans import Plan
from simulator.faults.rules import AnyRule

PlannedFaults = list[AnyRule] | Plan

_LARGEST_FILE = 1024 * 1024


_decoder: msgspec.json.Decoder[PlannedFaults] = msgspec.json.Decoder(PlannedFaults)


def decoded(body: bytes) -> PlannedFaults:
    """Raises what msgspec does."""
    return _decoder.decode(body)


def faults_from_file(path: Path) -> PlannedFaults:
    """Raises CannotStart when the file cannot be read or holds neither rules nor a plan."""
    try:
        with path.open("rb") as file:
            return decoded(file.read(_LARGEST_FILE))
    except OSError as error:
        raise CannotStart(f"cannot read the faults in {path}: {error.strerror}; give another file") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CannotStart(
            f"{path} is not a list of fault rules: {error}; simulator/README.md lists their kinds"
        ) from error
