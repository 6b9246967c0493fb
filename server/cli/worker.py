"""`treeex worker`: one worker role in the foreground."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from server.core.config import Settings


class Role(StrEnum):
    """What a worker does."""

    OUTBOUND = "outbound"
    WEBHOOK = "webhook"
    MEDIA = "media"
    MAINTENANCE = "maintenance"
    ALL = "all"


def worker(role: Annotated[Role, typer.Argument(help="What it does.")]) -> None:
    """Work until SIGTERM or Ctrl-C; what has begun is finished."""
    import uvloop

    from server.cli.running import settings
    from server.core import log

    effective = settings()
    log.setup(level=effective.log_level, log_format=effective.log_format)
    uvloop.run(_work(effective, role))


async def _work(settings: "Settings", role: Role) -> None:
    from server.bootstrap import worker_runtime
    from server.workers.loop import run

    async with worker_runtime(settings, role) as runtime:
        await run(role, runtime.actors, runtime.beat, drain_timeout_s=settings.drain_timeout_s)
