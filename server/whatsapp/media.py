"""Uploads a file to Meta for one number, in pieces, and says what came of it. Called by `services.media_uploads`.

Uploading twice is harmless: Meta gives two ids. The token goes to the Graph API's own address and nowhere else.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import FormData, Payload
from aiohttp.abc import AbstractStreamWriter

from server.whatsapp.access_token import AccessToken
from server.whatsapp.errors import Accepted, Ambiguous, Down, NotSent, Rejected, Throttled, classify
from server.whatsapp.graph import AnswerLost, GraphClient
from server.whatsapp.graph import NotSent as NothingWritten

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


UploadOutcome = Uploaded | NotSent | Ambiguous | Throttled | Rejected | Down


class MediaClient:
    """Uploads for any number."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def upload(self, *, phone_number_id: str, token: AccessToken, file: File) -> UploadOutcome:
        """One try. Raises nothing but CancelledError, whatever reading the pieces raises: that is Ambiguous."""
        form = FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", file.mime_type)
        form.add_field("file", _Pieces(file), filename=file.filename)
        try:
            answer = await self._graph.request("POST", f"{phone_number_id}/media", token=token, form=form)
        except NothingWritten as failure:
            return NotSent(str(failure))
        except AnswerLost as failure:
            return Ambiguous(f"no whole answer: {failure}")
        if answer.error is None:
            return _uploaded(answer.body or {})
        outcome = classify(answer.error, http_status=answer.status)
        assert not isinstance(outcome, Accepted)  # noqa: S101 - an error is never that
        return outcome


def _uploaded(body: dict[str, Any]) -> UploadOutcome:
    media_id = body.get("id")
    if not isinstance(media_id, str) or not 0 < len(media_id) <= _LONGEST_ID:
        return Ambiguous("HTTP 200 without the id of a medium")
    return Uploaded(media_id)


class _Pieces(Payload):
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
