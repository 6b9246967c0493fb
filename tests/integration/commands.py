"""Commands as an operator calls them, without paying for a new Python each time, and what their environment says."""

import asyncio
import contextlib
import io
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from unittest import mock

import structlog

from server.cli import app
from tests.processes import Finished, environment

Run = Callable[..., Awaitable[Finished]]
"""`await run("key", "list", port=1)`: a command with a setting changed; None takes a setting away."""


def runner(given: Mapping[str, object], cwd: Path) -> Run:
    """Runs commands with these settings in that folder."""

    async def command(*arguments: str, typed: str = "", **changes: object) -> Finished:
        settings = {name: value for name, value in {**given, **changes}.items() if value is not None}
        return await asyncio.to_thread(_call, arguments, settings, cwd, typed)

    return command


def _call(arguments: tuple[str, ...], settings: Mapping[str, object], cwd: Path, typed: str) -> Finished:
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline=""), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["treeex", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(typed)),
        mock.patch.dict(os.environ, environment(settings), clear=True),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _own_log(),
    ):
        try:
            app.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    out.seek(0)
    return Finished(status, out.read(), err.getvalue())


@contextlib.contextmanager
def _own_log() -> Iterator[None]:
    """A command sends the log to its own standard error; afterwards it is the test runner's again."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers, root.level, structlog.get_config()
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**configured)
