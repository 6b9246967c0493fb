"""The listening sockets, opened by the supervisor and handed down: a child that restarts loses no connection."""

import errno
import os
import socket

from server.cli.up.errors import CannotRun

_BACKLOG = 2048
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - only compared with


def listen(host: str, port: int, option: str) -> socket.socket:
    """A listening socket; port 0 takes a free one. `option` is what chooses the port. Raises CannotRun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotRun(_why(host, port, option, error)) from error


def url_of(listener: socket.socket) -> str:
    """The address at which this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(host: str, port: int, option: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken by another program; choose another with {option} (0 takes a free one)"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not listen on port {port}; choose one above 1023 with {option}"
    reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "the name is not known"
    return f"cannot listen on {host}: {reason}; set TREEEX_HOST to an address of this machine, such as 127.0.0.1"
