"""The command `python -m simulator.checker`: exit 0 for a clean run, 1 for findings, 2 for input it cannot use."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from simulator.checker.judgement import check
from simulator.checker.limits import Limits, LimitsInvalid
from simulator.checker.observed import ObservationInvalid, Observed
from simulator.checker.verdict import Verdict

_SHOWN = 10
_decode: Callable[[bytes], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode


class InputInvalid(Exception):
    """One sentence for stderr."""


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    began = time.perf_counter()
    try:
        verdict = _judged(chosen.ledger, chosen.observed, chosen.limits)
    except (InputInvalid, ObservationInvalid, LimitsInvalid) as error:
        sys.stderr.write(f"checker: {error}\n")
        return 2
    took_s = time.perf_counter() - began
    sys.stdout.write(verdict.as_json().decode() + "\n" if chosen.json else report(verdict, took_s))
    return 0 if verdict.ok else 1


def report(verdict: Verdict, took_s: float) -> str:
    """The verdict for people, one line for each kind of finding."""
    lines = [f"{verdict.counts['entries']} entries of the ledger judged in {took_s:.1f} s"]
    lines += [f"{name}: {len(found)}{_some(found, verdict.reasons)}" for name, found in verdict.findings() if found]
    lines.append(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in verdict.counts.items()))
    lines.append("clean" if verdict.ok else "not clean")
    return "\n".join(lines) + "\n"


def ledger_entries(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a `ledger.jsonl`. A last line without its end is still being written and left out.

    Raises:
        InputInvalid: the file cannot be read, or a line is no entry.
    """
    try:
        with path.open("rb") as file:
            for place, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield _entry(path, place, line)
    except OSError as error:
        raise InputInvalid(f"cannot read {path}: {error.strerror}; give another --ledger") from error


def _entry(path: Path, place: int, line: bytes) -> dict[str, Any]:
    try:
        entry = _decode(line)
    except msgspec.MsgspecError:
        entry = {}
    if not isinstance(entry.get("kind"), str):
        raise InputInvalid(f"line {place} of {path} is no ledger entry; give the ledger.jsonl of a simulator")
    return entry


def _judged(ledger: Path, observed: Path, limits: Path | None) -> Verdict:
    seen = Observed.from_json(_content(observed, "--observed"))
    allowed = None if limits is None else Limits.from_json(_content(limits, "--limits"))
    try:
        return check(ledger_entries(ledger), seen, limits=allowed)
    except KeyError as error:
        raise InputInvalid(f"an entry of {ledger} has no {error}; give the ledger.jsonl of this version") from error


def _content(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputInvalid(f"cannot read {path}: {error.strerror}; give another {option}") from error


def _some(found: list[str] | dict[str, int], reasons: dict[str, str]) -> str:
    shown = [_described(id_, found, reasons) for id_ in list(found)[:_SHOWN]]
    return "".join(f"\n  {text}" for text in shown) + ("\n  …" if len(found) > _SHOWN else "")


def _described(id_: str, found: list[str] | dict[str, int], reasons: dict[str, str]) -> str:
    if isinstance(found, dict):
        return f"{id_} ({found[id_]})"
    return f"{id_} ({reasons[id_]})" if id_ in reasons else id_


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator.checker",
        description="Compare what the product showed with what the simulated Meta really did.",
    )
    parser.add_argument("--ledger", type=Path, required=True, metavar="FILE", help="the ledger.jsonl of the run")
    parser.add_argument("--observed", type=Path, required=True, metavar="FILE.json", help="what the product showed")
    parser.add_argument("--limits", type=Path, metavar="FILE.json", help="look at rates, too: what Meta allows")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    return parser
