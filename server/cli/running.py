"""Which installation a command speaks to: the one of the settings, else the one that `treeex up` runs here.

Every command that needs servers asks here first.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from server.core.config import Settings
    from server.services.bundle import Services

T = TypeVar("T")


def settings() -> "Settings":
    """The effective settings. What was given explicitly wins over what a running `treeex up` published."""
    from server.cli.up.claim import read_running
    from server.core import config
    from server.embedded import default_data_dir

    given = config.load()
    if given.database_url is not None:
        return given
    running = read_running(given.data_dir or default_data_dir()) or {}
    published = {
        name: value
        for name, value in (running.get("settings") or {}).items()
        if name in config.Settings.model_fields and name not in given.model_fields_set
    }
    explicit = {name: getattr(given, name) for name in given.model_fields_set}
    return config.Settings.model_validate({**published, **explicit})


@asynccontextmanager
async def services() -> AsyncIterator["Services"]:
    """The use cases, connected. Raises like `bootstrap.admin_runtime`."""
    from server.bootstrap import admin_runtime

    async with admin_runtime(settings()) as found:
        yield found


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Runs one command's work to its end, with only warnings in the log."""
    import asyncio

    from server.core import log

    log.setup(level="warning", log_format="text")
    return asyncio.run(work)


def ask(question: "Callable[[Services], Coroutine[Any, Any, T]]") -> T:
    """Connects, asks the services one thing, and closes."""

    async def work() -> T:
        async with services() as found:
            return await question(found)

    return complete(work())
