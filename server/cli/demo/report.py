"""What the demo says in the end: the counts, the story of one message, and what did not agree."""

import json
from collections.abc import Mapping
from typing import Any

from server.cli.demo.cuts import as_counts, sentences
from server.cli.demo.story import Outcome
from server.cli.demo.wheel import FIRST, WHEEL

_COLUMNS, _NAME_WIDTH = 3, 24
MEANINGS = {
    "accepted": "taken by the API with a 202",
    "sent": "sent, says Meta",
    "delivered": "delivered to a phone; of reactions and pins Meta does not tell",
    "read": "read",
    "replies": "answers stored",
    "files": "fetched from Meta, which people had sent",
    "lost": "not processed by Meta, or not read in the end",
    "duplicated": "processed by Meta more than once",
    "held": "left undecided",
}


def as_json(outcome: Outcome, seconds: float) -> str:
    """One object."""
    verdict = outcome.verdict
    counts = {name: getattr(verdict, name) for name in MEANINGS}
    types = {"out": len(verdict.went_out), "in": len(verdict.came_in)}
    return json.dumps({**counts, "types": types, "cut": as_counts(outcome.cut), "seconds": round(seconds, 1)})


def as_text(outcome: Outcome, seconds: float) -> str:
    """Tables and a timeline."""
    verdict = outcome.verdict
    rows = [f"  {name:<12}{getattr(verdict, name):>6}   {what}" for name, what in MEANINGS.items()]
    lines = ["", *rows, f"  {'seconds':<12}{seconds:>6.1f}", "", *sentences(outcome.cut)]
    lines += ["", f"What went out, {len(verdict.went_out)} types:", "", *in_columns(_by_turns(verdict.went_out))]
    lines += ["", f"What came in, {len(verdict.came_in)} types:", "", *in_columns(verdict.came_in)]
    lines += ["", f"What happened to {'one that was cut' if outcome.cut.example else 'the last message'}:", ""]
    story = sorted(outcome.timeline["data"], key=_when)
    return "\n".join([*lines, *(_moment(entry) for entry in story), ""])


def in_columns(counts: Mapping[str, int]) -> list[str]:
    """Names with their counts, in columns to be read downwards."""
    cells = [f"{name:<{_NAME_WIDTH}}{count:>4}" for name, count in counts.items()]
    height = -(-len(cells) // _COLUMNS)
    return [f"  {'   '.join(cells[row::height])}" for row in range(height)]


def _by_turns(went_out: Mapping[str, int]) -> dict[str, int]:
    return {kind.name: went_out[kind.name] for kind in (FIRST, *WHEEL) if kind.name in went_out}


def _when(entry: dict[str, Any]) -> str:
    """Meta tells whole seconds only; what we saw in the same second came before or during it."""
    at = str(entry["at"]).rstrip("Z")
    return at if "." in at else f"{at}.999999"


def _moment(entry: dict[str, Any]) -> str:
    at = str(entry["at"]).split("T", 1)[1].rstrip("Z")[:12]
    facts = {name: value for name, value in entry["data"].items() if name in ("client_reference", "latency_ms")}
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    return f"  {at:<14}{entry['kind']:<10}{entry['title']}" + (f" ({told})" if told else "")
