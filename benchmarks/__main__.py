"""`./treeex bench NAME [--json] [--rounds N]`: runs one benchmark and exits with 1 when it misses its bar."""

import argparse
import json
import sys

import uvloop

from benchmarks.accept import accept, batch
from benchmarks.answers import answers
from benchmarks.claim import QUICK, claim
from benchmarks.harness import ROUNDS, Bench, Result, machine, measure
from benchmarks.ingest import ingest
from benchmarks.lanes import lanes
from benchmarks.outbound import outbound
from benchmarks.paced import paced
from benchmarks.simulator import QUICK as FEWER
from benchmarks.simulator import simulator, simulator_memory
from benchmarks.webhooks import webhooks, webhooks_without_redis

BENCHES: dict[str, Bench] = {
    "accept": accept,
    "answers": answers,
    "batch": batch,
    "claim": claim,
    "claim --quick": lambda: claim(QUICK),
    "ingest": ingest,
    "lanes": lanes,
    "outbound": outbound,
    "outbound --paced": paced,
    "simulator": simulator,
    "simulator-memory": simulator_memory,
    "simulator-memory --quick": lambda: simulator_memory(FEWER),
    "webhooks": webhooks,
    "webhooks --without-redis": webhooks_without_redis,
}
FLAGS = ("paced", "quick", "without-redis")
MISSED = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="treeex bench", description=__doc__)
    parser.add_argument("name", choices=sorted(name for name in BENCHES if " " not in name), help="which benchmark")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="claim: with a tenth of the backlog; simulator-memory: with a third of the messages",
    )
    parser.add_argument("--paced", action="store_true", help="outbound: at the numbers' own rates")
    parser.add_argument("--without-redis", action="store_true", help="webhooks: with Valkey and without")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"measured rounds of each side (default {ROUNDS})")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds: give at least 1")
    name = " ".join([given.name, *(f"--{flag}" for flag in FLAGS if getattr(given, flag.replace("-", "_")))])
    if name not in BENCHES:
        parser.error(f"{name}: there is no such variant; leave the flags out")
    results = uvloop.run(run(name, given.rounds))
    if given.json:
        print(json.dumps({"bench": name, "results": [one.as_json() for one in results], "machine": machine()}))
    else:
        print(as_text(results))
    sys.exit(0 if all(one.is_met for one in results) else MISSED)


async def run(name: str, rounds: int) -> list[Result]:
    async with BENCHES[name]() as parts:
        return [await measure(part, rounds=rounds, tell=tell) for part in parts]


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def as_text(results: list[Result]) -> str:
    """A table for people."""
    lines = [f"{'':12} {'ours':>12} {'reference':>12} {'ratio':>7} {'spread':>7} {'CPU µs':>8}"]
    for one in results:
        cost = "-" if one.cpu_us_per_item is None else f"{one.cpu_us_per_item:,.0f}"
        lines.append(
            f"{one.name:12} {one.value:12,.1f} {one.reference:12,.1f} {one.ratio:7.2f} {one.spread:7.2f} {cost:>8}"
            f"  {one.unit}{'' if one.is_met else '  MISSES ITS BAR'}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
