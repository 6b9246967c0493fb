"""`treeex api`: serves the API in the foreground, on an address of its own or on a socket that was handed over."""

import os
import signal
import socket
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import uvicorn

    from server.core.config import Settings

BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than the idle time of common load balancers, so that they and not we close idle connections."""


def api(fd: Annotated[int | None, typer.Option(help="Serve on this inherited listening socket.")] = None) -> None:
    """Serve the API until SIGTERM or Ctrl-C."""
    import uvloop

    from server.cli.running import settings
    from server.core import log

    effective = settings()
    log.setup(level=effective.log_level, log_format=effective.log_format)
    listener = _inherited(fd) if fd is not None else _bound(effective.host, effective.port)
    # uvicorn raises the signals that it caught once more when it has stopped; ending well needs no second end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvloop.run(_serve(effective, listener))


async def _serve(settings: "Settings", listener: socket.socket) -> None:
    import asyncio
    import contextlib

    import uvicorn

    from server.api.one_write import OneWriteProtocol
    from server.core import garbage
    from server.core.log import get_logger
    from server.main import create_app

    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=OneWriteProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, int(settings.drain_timeout_s)),
        )
    )
    host, port = listener.getsockname()[:2]
    get_logger("treeex.api").info("api_starting", host=host, port=port)
    watch = asyncio.create_task(_end_with_parent(server))
    garbage.spare_what_stays()
    with contextlib.suppress(SystemExit):  # how uvicorn ends when the lifespan fails; we know better why
        await server.serve(sockets=[listener])
    watch.cancel()
    if app.state.failure is not None:
        raise app.state.failure


async def _end_with_parent(server: "uvicorn.Server") -> None:
    from server.workers.loop import Stopping, watch_parent

    gone = Stopping()
    await watch_parent(gone)
    if gone:
        server.should_exit = True


def _bound(host: str, port: int) -> socket.socket:
    from server.bootstrap import CannotStart

    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # create_server repeats the address in its own words; a name that is not found has no errno of the system.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else str(error.strerror)
        raise CannotStart(
            f"cannot listen on {host} port {port}: {reason.lower()}; choose another with TREEEX_HOST and TREEEX_PORT"
        ) from None


def _inherited(fd: int) -> socket.socket:
    from server.bootstrap import CannotStart

    try:
        listener = socket.socket(fileno=fd)
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        raise CannotStart(f"--fd {fd} is not an open socket; pass a listening socket to this process") from None
    if not listening:
        raise CannotStart(f"--fd {fd} is not a listening socket; call listen() on it before passing it on")
    return listener
