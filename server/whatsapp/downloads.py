"""Fetches a file from Meta: its address of the moment, then its bytes. Called by `services.media_fetches`.

The token goes to the Graph API's own address and to Meta's hosts for media, encrypted, and nowhere else; redirects
are not followed. Bytes are written down as they come.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self

import aiohttp
from yarl import URL

from server.domain.fetching import Away, Doubtful, Failure, Got, too_large
from server.whatsapp.access_token import AccessToken
from server.whatsapp.errors import Ambiguous, Down, Throttled, classify
from server.whatsapp.graph import GraphAnswer, GraphClient, GraphError, GraphUnreachable

_CONNECT_TIMEOUT_S = 10.0
_MEDIA_ID = re.compile(r"[\w-]+", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_DIGEST_SIZE = 32
_HOSTS = ("lookaside.fbsbx.com", ".fbcdn.net", ".whatsapp.net")
"""Where Meta keeps media (Meta: media reference). With a dot before it: all hosts below."""
_NO_SUCH_OBJECT = (100, 33)
"""Code and subcode (Meta: Graph API errors); the same when the token may not see it."""


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a file can be read for five minutes (Meta: media reference), and what Meta says of it there."""

    url: URL
    mime_type: str | None
    size: int | None
    sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Pace:
    """A download has `grace_s`, and more time for every byte that came, `total_s` at most."""

    total_s: float
    grace_s: float = 20.0
    least_bytes_a_second: float = 16_384.0

    def allowed_s(self, size: int) -> float:
        """Until when, from its beginning, the next byte has to come."""
        return min(self.total_s, self.grace_s + size / self.least_bytes_a_second)


class MediaDownloads:
    """Downloads for any number. Made inside a running loop; ended by `close`."""

    def __init__(self, graph: GraphClient, *, graph_url: str, pace: Pace, connections: int) -> None:
        self._graph = graph
        self._graph_url = URL(graph_url)
        self._pace = pace
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=15, ttl_dns_cache=60),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def look_up(self, *, media_id: str, phone_number_id: str, token: AccessToken) -> Address | Failure:
        """Where it is now. Raises nothing but CancelledError."""
        if _MEDIA_ID.fullmatch(media_id) is None:
            return Doubtful("the webhook's id of the file is none of Meta's form")
        params = {"phone_number_id": phone_number_id}
        try:
            answer = await self._graph.request("GET", media_id, token=token, params=params)
        except GraphUnreachable as failure:
            return Away(f"Meta did not answer: {failure}")
        return _refused(answer, answer.error) if answer.error is not None else _address(answer.body or {})

    async def download(
        self, address: Address, *, token: AccessToken, kind: str, most: int, file: IO[bytes]
    ) -> Got | Failure:
        """Writes it into the file; `most` bytes of what is of that kind. Raises OSError when the file takes no more."""
        if not is_metas(address.url, graph=self._graph_url):
            return Doubtful("Meta told an address that is on none of its hosts")
        try:
            async with (
                _Deadline(self._pace) as deadline,
                self._session.get(
                    address.url, headers={"Authorization": f"Bearer {token.text}"}, allow_redirects=False
                ) as response,
            ):
                if response.status != 200:
                    return _not_given(response.status)
                return await _written(response, deadline, file, _Room(address.size, kind, most))
        except TimeoutError:
            return Away("the file came too slowly")
        except aiohttp.ClientError as failure:
            return Away(f"the file did not come whole: {type(failure).__name__}")

    async def close(self) -> None:
        await self._session.close()


class _Deadline:
    """Ends a download with a TimeoutError when its next byte does not come in time."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def __aenter__(self) -> Self:
        self._began = asyncio.get_running_loop().time()
        self._timeout = asyncio.timeout_at(self._began + self._pace.allowed_s(0))
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._timeout.__aexit__(kind, error, traceback)

    def has_come(self, size: int) -> None:
        """So many bytes are here."""
        self._timeout.reschedule(self._began + self._pace.allowed_s(size))


@dataclass(frozen=True, slots=True)
class _Room:
    """How much may come: what was told, and the limit of the kind."""

    told: int | None
    kind: str
    most: int

    def refusal(self, size: int) -> Failure | None:
        """Why so many bytes are too many."""
        if self.told is not None and size > self.told:
            return Doubtful(f"more bytes came than the {self.told} that Meta told of")
        return too_large(self.kind, self.most) if size > self.most else None


async def _written(
    response: aiohttp.ClientResponse, deadline: _Deadline, file: IO[bytes], room: _Room
) -> Got | Failure:
    size, digest = 0, hashlib.sha256()
    async for piece in response.content.iter_any():
        size += len(piece)
        refusal = room.refusal(size)
        if refusal is not None:
            return refusal
        digest.update(piece)
        file.write(piece)
        deadline.has_come(size)
    return Got(response.headers.get("Content-Type"), size, digest.digest())


def is_metas(url: URL, *, graph: URL) -> bool:
    """Whether the token may go there: to the Graph API's scheme, host and port, or by TLS to where Meta keeps media."""
    if url.user is not None or url.password is not None:
        return False
    scheme, host, port = url.scheme, url.host or "", url.port
    if (scheme, host, port) == (graph.scheme, graph.host, graph.port):
        return True
    at_metas = any(host.endswith(name) if name.startswith(".") else host == name for name in _HOSTS)
    return at_metas and scheme == "https" and port == 443


def digest_of(told: Any) -> bytes | None:
    """A SHA-256 as Meta tells it: in hexadecimal by look-ups, in base64 by webhooks. None for anything else."""
    if not isinstance(told, str):
        return None
    if _HEX.fullmatch(told):
        return bytes.fromhex(told)
    try:
        raw = base64.b64decode(told + "=" * (-len(told) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == _DIGEST_SIZE else None


def _address(body: dict[str, Any]) -> Address | Failure:
    try:
        url = URL(body["url"])
        url.origin()
    except (KeyError, TypeError, ValueError):
        return Doubtful("Meta told no address of the file")
    mime_type = body.get("mime_type")
    return Address(
        url,
        mime_type if isinstance(mime_type, str) and mime_type else None,
        _size(body.get("file_size")),
        digest_of(body.get("sha256")),
    )


def _size(told: Any) -> int | None:
    """A number, or the digits of one: Meta's pages have both."""
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 16:
        return int(told)
    return told if type(told) is int and told >= 0 else None


def _refused(answer: GraphAnswer, error: GraphError) -> Failure:
    said = f"Meta answered {error.code} {error.message}"[:300]
    if (error.code, error.subcode) == _NO_SUCH_OBJECT:
        return Doubtful("Meta has no such file any more, or the number's token may not see it")
    match classify(error, http_status=answer.status):
        case Throttled(retry_after_s=wait_s):
            return Away(said, wait_s)
        case Down() | Ambiguous():
            return Away(said)
        case _:
            return Doubtful(said)


def _not_given(status: int) -> Failure:
    """An address that has ended is answered 404; the next try asks for another (Meta: media reference)."""
    if status in (404, 410):
        return Doubtful(f"the file was not at its address (HTTP {status})")
    if 300 <= status < 400:
        return Doubtful(f"its address led elsewhere (HTTP {status}), where the token does not go")
    return Away(f"Meta's host of files answered HTTP {status}")
