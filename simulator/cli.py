"""The command line of the simulator: `python -m simulator`. Every refusal is one sentence on stderr."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

from simulator import log
from simulator.clock import LATEST, ClockKind
from simulator.errors import CannotStart
from simulator.process import PARENT_VARIABLE, Options, run
from simulator.scenario.file import ready


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.scenario == "list":
        for name, about in ready().items():
            sys.stdout.write(f"{name:20} {about}\n")
        return 0
    log.set_up()
    try:
        run(_options(chosen), _announce)
    except CannotStart as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator",
        description="A stand-in for Meta's WhatsApp Cloud API, for development and tests.",
        epilog="The control API under /_sim is described in simulator/README.md.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on; 0 takes any free one (default)")
    parser.add_argument("--fd", type=int, metavar="N", help="serve on this inherited listening socket instead")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep ledger, configuration and owed webhooks in this directory"
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="start with the planned faults in this JSON file")
    parser.add_argument(
        "--scenario",
        metavar="NAME",
        help="set up a world in which things happen: a ready scenario, or a .yaml file; `list` shows the ready ones",
    )
    parser.add_argument(
        "--callback", metavar="URL", help="where the apps of the scenario send their webhooks (verify token: simulated)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all chance, for repeatable runs (default: 0)")
    parser.add_argument(
        "--clock",
        choices=get_args(ClockKind),
        help="real, scaled by --time-scale, or manual: it stands still until POST /_sim/clock moves it",
    )
    parser.add_argument("--time-scale", type=_scale, metavar="X", help="divide all delays by this (default: 1)")
    parser.add_argument(
        "--scale-points",
        action="store_true",
        help="with a scaled clock, points in time (dates, windows, limits, expiry) go as fast as delays",
    )
    parser.add_argument(
        "--start-at",
        type=_point_in_time,
        metavar="TIME",
        help="what the clock shows at first: ISO 8601 with a time zone, or Unix seconds (default: now)",
    )
    return parser


def _options(chosen: argparse.Namespace) -> Options:
    """Raises CannotStart when the options of the clock contradict each other."""
    if chosen.callback is not None and chosen.scenario is None:
        raise CannotStart("--callback is for the apps of a scenario; name one with --scenario")
    scale = chosen.time_scale or 1.0
    kind: ClockKind = chosen.clock or ("real" if scale == 1.0 else "scaled")
    if kind != "scaled" and ((chosen.time_scale is not None and scale != 1.0) or chosen.scale_points):
        raise CannotStart(f"a {kind} clock has no scale; leave out --time-scale and --scale-points, or --clock {kind}")
    return Options(
        host=chosen.host,
        port=chosen.port,
        fd=chosen.fd,
        data=chosen.data,
        faults=chosen.faults,
        seed=chosen.seed,
        clock=kind,
        time_scale=scale,
        scale_points=chosen.scale_points,
        start_at=chosen.start_at,
        scenario=chosen.scenario,
        callback=chosen.callback,
        parent_pid=_parent_pid(os.environ.get(PARENT_VARIABLE)),
    )


def _parent_pid(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdigit():
        raise CannotStart(f"{PARENT_VARIABLE} must be a process id; unset it, or set it to one")
    return int(text)


def _announce(address: str) -> None:
    sys.stdout.write(f"simulator listening on {address}\n")
    sys.stdout.flush()


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _point_in_time(text: str) -> float:
    try:
        point = float(text) if text.replace(".", "", 1).isdigit() else _timestamp(text)
    except ValueError:
        point = -1.0
    if not 0 <= point <= LATEST:
        raise argparse.ArgumentTypeError("a time is Unix seconds, or a date like 2027-01-31T12:00:00Z with its zone")
    return point


def _timestamp(text: str) -> float:
    date = datetime.fromisoformat(text)
    return date.timestamp() if date.tzinfo is not None else -1.0


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not (scale > 0 and math.isfinite(scale)):
        raise argparse.ArgumentTypeError("a time scale is a number above 0, like 100")
    return scale
