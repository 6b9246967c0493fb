"""How far the demo is: a live table on a terminal, now and then a line elsewhere. Always on standard error."""

import time
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from server.cli.up.voice import Voice

_LINE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages that got so far."""

    accepted: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replies: int = 0


class Progress:
    """To be entered; then told of every new count. `goal` is where each count should end."""

    def __init__(self, voice: Voice, goal: Counts) -> None:
        self._voice = voice
        self._goal = goal
        self._live = Live(console=voice.console, transient=True, refresh_per_second=8) if voice.console else None
        self._told = Counts()
        self._told_at = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, counts: Counts) -> None:
        """Shows the counts, unless they are nothing new."""
        if self._live is not None:
            self._live.update(_table(counts, self._goal))
        elif counts != self._told and time.monotonic() > self._told_at + _LINE_EVERY_S:
            self._told, self._told_at = counts, time.monotonic()
            self._voice.stage(_line(counts, self._goal))


def _line(counts: Counts, goal: Counts) -> str:
    return ", ".join(f"{f.name} {getattr(counts, f.name)}/{getattr(goal, f.name)}" for f in fields(Counts))


def _table(counts: Counts, goal: Counts) -> Table:
    table = Table.grid(padding=(0, 2))
    for field in fields(Counts):
        done, total = getattr(counts, field.name), getattr(goal, field.name)
        table.add_row(field.name, ProgressBar(total=total, completed=done, width=40), f"{done}/{total}")
    return table
