"""Uploads a file to Meta for one number, in pieces, and says what came of it. Called by `services.media_uploads`.

Uploading twice is harmless: Meta gives two ids. So this, unlike `whatsapp.graph`, need not know whether bytes went out.
The token goes to the Graph API's own address and nowhere else.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from server.core.clock import monotonic
from server.whatsapp.access_token import AccessToken
from server.whatsapp.errors import Accepted, Ambiguous, Down, NotSent, Rejected, Throttled, classify
from server.whatsapp.graph import GraphAnswer, read_answer
from server.whatsapp.http1 import ANSWER_MAX_BYTES, Response

_CONNECT_TIMEOUT_S = 5.0
_LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class File:
    """What is uploaded. `pieces` can be read once and have `size` bytes together."""

    mime_type: str
    filename: str
    size: int
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Meta has the file, under this id, for 30 days (Meta: media reference)."""

    media_id: str


UploadOutcome = Uploaded | Ambiguous | Throttled | Rejected | Down


class MediaClient:
    """Uploads for any number. Made inside a running loop; ended by `close`."""

    def __init__(self, graph_url: str, version: str, *, timeout_s: float, connections: int) -> None:
        self._root = f"{graph_url.rstrip('/')}/{version}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=15, ttl_dns_cache=60),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def upload(self, *, phone_number_id: str, token: AccessToken, file: File) -> UploadOutcome:
        """One try. Raises nothing but CancelledError, whatever reading the pieces raises: that is Ambiguous."""
        try:
            answer = await self._post(f"{phone_number_id}/media", token, _form(file))
        except Exception as failure:  # of the network or of the pieces; another try does no harm
            return Ambiguous(f"no whole answer: {type(failure).__name__}")
        if answer.error is None:
            return _uploaded(answer.body or {})
        outcome = classify(answer.error, http_status=answer.status)
        assert not isinstance(outcome, Accepted | NotSent)  # noqa: S101 - an error is never that
        return outcome

    async def close(self) -> None:
        await self._session.close()

    async def _post(self, path: str, token: AccessToken, form: aiohttp.FormData) -> GraphAnswer:
        began = monotonic()
        async with self._session.post(
            f"{self._root}/{path}",
            data=form,
            params=token.params,
            headers={"Authorization": f"Bearer {token.text}"},
            allow_redirects=False,
        ) as response:
            return read_answer(Response(response.status, {}, await _whole(response)), monotonic() - began)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for piece in response.content.iter_any():
        raw += piece
        if len(raw) > ANSWER_MAX_BYTES:
            raise aiohttp.ClientPayloadError("the answer is larger than any of Meta's")
    return bytes(raw)


def _form(file: File) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("messaging_product", "whatsapp")
    form.add_field("type", file.mime_type)
    form.add_field("file", _Pieces(file), filename=file.filename)
    return form


def _uploaded(body: dict[str, Any]) -> UploadOutcome:
    media_id = body.get("id")
    if not isinstance(media_id, str) or not 0 < len(media_id) <= _LONGEST_ID:
        return Ambiguous("HTTP 200 without the id of a medium")
    return Uploaded(media_id)


class _Pieces(aiohttp.Payload):
    """A part of the form whose length is known before it is read, so that the request needs no chunked encoding."""

    def __init__(self, file: File) -> None:
        super().__init__(file.pieces, content_type=file.mime_type)
        self._size = file.size

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for piece in self._value:
            await writer.write(piece)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await self.write(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a file is not read as text")
