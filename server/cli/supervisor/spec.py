"""What a supervised child is: its command, its surroundings, and how to tell that it is ready."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.core.log import redact_text

_LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class Written:
    """What one process has written to its log: all after byte `offset`."""

    log: Path
    offset: int

    @classmethod
    def from_now_on(cls, log: Path) -> "Written":
        return cls(log, log.stat().st_size if log.exists() else 0)

    def text(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self.offset)
            return file.read().decode(errors="replace")

    def last_line(self) -> str:
        """The last line that says something, with what is secret masked; empty if there is none."""
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        return redact_text(lines[-1][:_LONGEST_LINE]) if lines else ""


Probe = Callable[[Written], Awaitable[bool]]
"""Asked again and again until it says that the child is ready."""


async def at_once(_written: Written) -> bool:
    """The probe of a child that is ready when it runs."""
    return True


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """`environment` is the whole of it. `fds` are inherited under their own numbers and stay open here."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    fds: tuple[int, ...] = ()
    ready: Probe = at_once
    stop_timeout_s: float = 4.0
