"""Talks to our own children on this machine: the API's readiness, the simulator's controls. Nothing else."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

UNREACHABLE = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and what came with it."""

    status: int
    content: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def body(self) -> Any:
        """The JSON that came, None if it was none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


def call(method: str, url: str, body: object = None, *, timeout_s: float = 1.0) -> Answer:
    """`body` goes as JSON. Blocks: for threads. Raises one of UNREACHABLE."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        content = None if body is None else json.dumps(body)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def answers_well(url: str) -> bool:
    """Whether a GET is answered with a success. Blocks at most a second."""
    try:
        return call("GET", url).ok
    except UNREACHABLE:
        return False
