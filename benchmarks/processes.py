"""Starts the processes that a bench measures, and reads how much CPU and memory they take."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

ROOT = Path(__file__).parents[1]
_STARTS_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process that has said where it listens."""

    url: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """Used so far, by it alone."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def resident_mib(self) -> float:
        return float(self.process.memory_info().rss / 2**20)


@asynccontextmanager
async def serving(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Running]:
    """`python -m MODULE`, which prints a line that ends with its URL once it listens. Ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *_command(module, arguments),
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_STARTS_WITHIN_S):
            line = (await process.stdout.readline()).decode().strip()
        if "http://" not in line:
            raise RuntimeError(f"{module} did not start")
        yield Running(line[line.index("http://") :], psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _command(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
