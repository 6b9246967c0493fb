"""Ctrl-C, SIGTERM and a closed terminal, gathered in one place for the whole life of a machine.

While servers start, a signal raises `Leave`, so that their launcher cleans up behind itself. While the event loop
runs, the loop is told. At all other times a signal is only counted, so that cleaning up is never cut in the middle.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Leave(BaseException):
    """The user wants to leave. Not an Exception, so that nobody takes it for a failure."""


class Signals:
    """Entered once, by the main thread."""

    def __init__(self) -> None:
        self.received = 0
        self._react: Callable[[int], None] | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in WATCHED:
            # `nohup` means that a closed terminal is to be survived. The other two are always meant for us: a shell
            # that starts something in the background makes it ignore SIGINT, and yet somebody may send it one.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us

    @contextmanager
    def told_to(self, react: Callable[[int], None]) -> Iterator[None]:
        """Meanwhile `react` gets each signal's ordinal: 1 for the first. It is told at once of one that came before."""
        self._react = react
        try:
            if self.received:
                react(self.received)
            yield
        finally:
            self._react = None

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Meanwhile a signal raises Leave."""
        with self.told_to(_leave):
            yield

    @contextmanager
    def raising_again(self) -> Iterator[None]:
        """Meanwhile a further signal raises Leave; those that came before do not."""
        came = self.received

        def leave(ordinal: int) -> None:
            if ordinal > came:
                raise Leave

        with self.told_to(leave):
            yield

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self.received += 1
        if self._react is not None:
            self._react(self.received)


def _leave(_ordinal: int) -> None:
    raise Leave
