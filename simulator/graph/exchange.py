"""One HTTP exchange with the Graph API: what the path says, the trace ids, and the headers of the answer.

Made by the router for every request; edges do not see it.
"""

from __future__ import annotations

from aiohttp import web
from multidict import CIMultiDict

from simulator import wire
from simulator.graph import errors, versions
from simulator.graph.calls import Json
from simulator.ids import Ids

_HEADERS = CIMultiDict(
    {
        "Content-Type": "application/json; charset=UTF-8",
        "Cache-Control": "private, no-cache, no-store, must-revalidate",
        "Expires": "Sat, 01 Jan 2000 00:00:00 GMT",
        "Strict-Transport-Security": "max-age=15552000; preload",
        "Access-Control-Allow-Origin": "*",
        "X-FB-Rev": "1000000000",
    }
)
_LATEST = f"v{versions.LATEST}.0"


class Exchange:
    """What is known of a request from its path alone, and the headers of its answer."""

    def __init__(self, method: str, path: str, ids: Ids) -> None:
        self.method = method
        self.version = _LATEST
        self._parts = path.strip("/").split("/")
        self.node, self.edge = _node_and_edge(self._parts)
        self.fbtrace_id, short = ids.trace_ids()
        self.headers = _HEADERS.copy()
        self.headers["Facebook-Api-Version"] = self.version
        self.headers["X-FB-Request-ID"] = self.fbtrace_id
        self.headers["X-FB-Trace-ID"] = short

    @property
    def is_send(self) -> bool:
        return self.edge in ("messages", "marketing_messages") and self.method == "POST"

    @property
    def is_upload(self) -> bool:
        """Whether the body is a file, and may be too long to be read at once."""
        return self.method == "POST" and (self.edge == "media" or (self.node.startswith("upload:") and not self.edge))

    def response(self, answer: Json, http: int) -> web.Response:
        return web.Response(body=wire.dump_bytes(answer), status=http, headers=self.headers)

    def resolve_version(self) -> None:
        """Without a version the oldest living one answers.

        Raises:
            GraphError: 2500, the version or the path does not exist.
        """
        try:
            found = versions.resolve(self._parts[0])
        except versions.VersionUnknown as error:
            raise errors.unknown_path("/".join(self._parts)) from error
        self.version, warning = found or (f"v{versions.OLDEST}.0", None)
        self.headers["Facebook-Api-Version"] = self.version
        if warning is not None:
            self.headers["X-Ad-Api-Version-Warning"] = warning
        if not self.node:
            raise errors.unknown_path("/".join(self._parts))


def _node_and_edge(parts: list[str]) -> tuple[str, str]:
    rest = parts[1:] if parts[0].startswith("v") and "." in parts[0] else parts
    return (rest[0] if rest else ""), "/".join(rest[1:])
