"""How `up` and `demo` speak: stages and incidents on standard error as they happen, results on standard output."""

import sys

from rich.console import Console


class Voice:
    """Plain lines into a file or a pipe, colours on a terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False) if sys.stderr.isatty() else None

    def stage(self, text: str) -> None:
        """Something begins that may take a while."""
        self._say(text, "dim")

    def warn(self, text: str) -> None:
        """Something happened that the user did not ask for."""
        self._say(text, "yellow")

    def fail(self, text: str) -> None:
        """Why it ends."""
        self._say(text, "bold red")

    def result(self, text: str) -> None:
        """What the user came for."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def _say(self, text: str, style: str) -> None:
        if self.console is not None:
            self.console.print(text, style=style, markup=False, soft_wrap=True)
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
