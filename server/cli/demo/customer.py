"""The customer's application in the demo: it sends by HTTP, with Idempotency-Keys, and looks at what came of it.

The one module of the command line that opens HTTP to the API, as a customer's program would. It knows no service.
"""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID, uuid4

import aiohttp

CONNECTIONS = 8
_PAGE = 100
_TRY_AGAIN = (429, 502, 503)
_PAUSE_S = 0.2
_TIMEOUT_S = 30.0
_PATIENCE_S = 90.0

Json = dict[str, Any]


class Refusal(Exception):
    """The API answered something that trying again will not change."""


class Customer:
    """An application with an API key. To be entered."""

    def __init__(self, api_url: str, key: str) -> None:
        self._url = f"{api_url}/v1"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            headers={"Authorization": f"Bearer {key}"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, command: Json) -> UUID:
        """The id of the accepted message. Tries again until it is answered, and still sends once. Raises Refusal."""
        answer = await self._ask("POST", "messages", json=command, headers={"Idempotency-Key": str(uuid4())})
        return UUID(answer["id"])

    async def upload(self, filename: str, content_type: str, content: bytes) -> str:
        """The id of the file, for messages. Repeated it is the same file."""
        path = f"media?filename={quote(filename)}"
        answer = await self._ask("POST", path, data=content, headers={"Content-Type": content_type})
        return str(answer["id"])

    async def file(self, media_id: str) -> bytes:
        """The content of a file. Raises Refusal."""
        path = f"media/{media_id}/content"
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._session.get(f"{self._url}/{path}", raise_for_status=True) as response:
                    return await response.read()
            await asyncio.sleep(_PAUSE_S)
        raise Refusal(f"the API did not give the file {media_id} for {_PATIENCE_S:.0f} s")

    async def begin_typing(self, message_id: UUID) -> None:
        """Marks what a person wrote as read, and shows that an answer is being written."""
        await self._ask("POST", f"messages/{message_id}/read", json={"typing": True})

    async def messages(self) -> list[Json]:
        """All messages, sent and received."""
        return await self._all("messages")

    async def conversations(self) -> list[Json]:
        """All conversations."""
        return await self._all("conversations")

    async def timeline(self, message_id: UUID) -> Json:
        """Everything that happened to a message."""
        return await self._ask("GET", f"messages/{message_id}/timeline")

    async def _all(self, path: str) -> list[Json]:
        found: list[Json] = []
        cursor = ""
        while True:
            page = await self._ask("GET", f"{path}?limit={_PAGE}{cursor}")
            found += page["data"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def _ask(self, method: str, path: str, **request: Any) -> Json:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            answer = await self._try(method, path, request)
            if answer is not None:
                return answer
            await asyncio.sleep(_PAUSE_S)
        raise Refusal(f"the API did not answer {_shown(method, path)} for {_PATIENCE_S:.0f} s")

    async def _try(self, method: str, path: str, request: Json) -> Json | None:
        """None when it is worth trying again."""
        try:
            async with self._session.request(method, f"{self._url}/{path}", **request) as response:
                answer: Json = await response.json(content_type=None) or {}
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        if response.ok:
            return answer
        if response.status in _TRY_AGAIN or answer.get("code") == "idempotency_in_progress":
            return None
        raise Refusal(f"the API refuses {_shown(method, path)}: {answer.get('detail', response.status)}")


def _shown(method: str, path: str) -> str:
    return f"{method} /v1/{path.split('?', 1)[0]}"
