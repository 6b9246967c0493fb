"""A customer's program: it sends texts with an Idempotency-Key each, and repeats a request until it has its 202."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aiohttp

_CONNECTIONS = 8
_PAGE = 100
_TIMEOUT_S = 10.0
_PATIENCE_S = 90.0
_PAUSE_S = 0.05
_FINAL = (400, 401, 403, 404, 413, 415, 422)
Json = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """A text that somebody is to get."""

    sender: str
    to: str
    body: str
    on_ambiguous: str


@dataclass
class Customer:
    """To be entered. `accepted`: the id of each 202 by its text; `tries`: requests that were needed for them.

    `statuses`: how often each HTTP status came.
    """

    url: str
    key: str
    accepted: dict[str, str] = field(default_factory=dict)
    tries: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # Whoever waits for a connection waits here, where no time-out runs.
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            headers={"Authorization": f"Bearer {self.key}"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send_all(self, texts: Sequence[Text]) -> None:
        """Over several connections; returns when each was accepted."""
        waiting = iter(texts)

        async def connection() -> None:
            for text in waiting:
                await self.send(text)

        await asyncio.gather(*(connection() for _ in range(_CONNECTIONS)))

    async def send(self, text: Text) -> str:
        """The id of the message."""
        answer = await self.ask(text, str(uuid4()))
        self.accepted[text.body] = answer["id"]
        return str(answer["id"])

    async def ask(self, text: Text, key: str) -> Json:
        """The answer of the 202 under this Idempotency-Key."""
        command = {
            "from": text.sender,
            "to": f"+{text.to}",
            "type": "text",
            "text": {"body": text.body},
            "client_reference": text.body,
            "on_ambiguous": text.on_ambiguous,
        }
        return await self._insist("POST", "messages", command, {"Idempotency-Key": key})

    async def messages(self) -> list[Json]:
        """All that the API shows, sent and received."""
        found: list[Json] = []
        cursor = ""
        while True:
            page = await self._insist("GET", f"messages?limit={_PAGE}{cursor}")
            found += page["data"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def _insist(
        self, method: str, path: str, body: Json | None = None, headers: dict[str, str] | None = None
    ) -> Json:
        async with self._turns:
            deadline = time.monotonic() + _PATIENCE_S
            while time.monotonic() < deadline:
                self.tries += method == "POST"
                answer = await self._try(method, path, body, headers)
                if answer is not None:
                    return answer
                await asyncio.sleep(_PAUSE_S)
        raise AssertionError(f"{method} {path} was not answered for {_PATIENCE_S:.0f} s; all answers: {self.statuses}")

    async def _try(self, method: str, path: str, body: Json | None, headers: dict[str, str] | None) -> Json | None:
        """None when it is worth trying again: no answer, a server error, a rival with the same key."""
        try:
            async with self._session.request(method, f"{self.url}/v1/{path}", json=body, headers=headers) as response:
                self.statuses[response.status] += 1
                answer: Json = await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        assert response.status not in _FINAL, f"{method} {path} is refused: {answer}"
        return answer if response.ok else None
