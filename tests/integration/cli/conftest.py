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

import pytest
import structlog

from server.cli import app
from server.core.config import Settings
from tests.processes import Finished, environment

Run = Callable[..., Awaitable[Finished]]


@pytest.fixture
def given(module_settings: Settings) -> dict[str, object]:
    """The settings of every command, as texts and paths."""
    return {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else value
        for name, value in module_settings
        if name in module_settings.model_fields_set
    }


@pytest.fixture
def run(given: dict[str, object], tmp_path: Path) -> Run:
    """`await run("key", "list", port=1)`: a command with a setting changed; None takes a setting away."""

    async def command(*arguments: str, typed: str = "", **changes: object) -> Finished:
        settings = {name: value for name, value in {**given, **changes}.items() if value is not None}
        return await asyncio.to_thread(_call, arguments, settings, tmp_path, typed)

    return command


def _call(arguments: tuple[str, ...], settings: Mapping[str, object], cwd: Path, typed: str) -> Finished:
    out, err = io.StringIO(), io.StringIO()
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
    return Finished(status, out.getvalue(), err.getvalue())


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
