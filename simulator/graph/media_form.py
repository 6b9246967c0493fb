"""The multipart form of a media upload, read piece by piece: its file goes straight into a draft on the shelf.

Used by `media.py`. Words of refusals are recorded ones, except about sizes, for which none are known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from simulator.graph import errors
from simulator.media.content import PIECE, Blob, Draft
from simulator.media.kinds import (
    ANIMATED_STICKER_LIMIT,
    UPLOAD_TYPES,
    announced_type,
    essence,
    kind_of,
    size_limit,
    too_big,
)
from simulator.media.magic import is_animated
from simulator.media.shelf import MediaShelf

_LONGEST_FIELD: Final = 1024
_MOST_PARTS: Final = 16


class MediaForm:
    """Read it, then take what it holds with `finished`, and in any case `discard` it."""

    def __init__(self, shelf: MediaShelf) -> None:
        self._shelf = shelf
        self._fields: dict[str, str] = {}
        self._type = ""
        self._draft: Draft | None = None
        self._is_too_long = False

    async def read(self, request: web.Request) -> None:
        """Raises GraphError when the body is no form, or one that does not end."""
        if request.content_type != "multipart/form-data":
            return  # as at Meta, everything is missing then
        try:
            async for part in _parts(await request.multipart()):
                await self._read_part(part)
        except (ValueError, RuntimeError, HttpProcessingError) as error:
            raise errors.parameter_wrong("The body is not a complete multipart form.") from error

    def finished(self) -> tuple[str, Blob]:
        """The type of the file and its content. Raises GraphError.

        The field `type` that Meta documents is not looked at: uploads without it are recorded, and what decides is the
        content type of the file's own part.
        """
        if "messaging_product" not in self._fields:
            raise errors.parameter_required("messaging_product")
        if self._fields["messaging_product"] != "whatsapp":
            raise errors.parameter_wrong("Param messaging_product must be one of {WHATSAPP}.")
        if self._draft is None:
            raise errors.parameter_required("file")
        self._check_type()
        self._check_size(self._draft)
        blob = self._draft.finish()
        self._draft = None
        return self._type, blob

    def discard(self) -> None:
        if self._draft is not None:
            self._draft.discard()
            self._draft = None

    def _check_type(self) -> None:
        if essence(self._type) not in UPLOAD_TYPES:
            raise errors.parameter_wrong(
                f"Param file must be a file with one of the following types: {', '.join(UPLOAD_TYPES)}. "
                f"Received file of type '{self._type}'."
            )

    def _check_size(self, draft: Draft) -> None:
        limit = size_limit(kind_of(self._type), animated=is_animated(draft.head))
        if self._is_too_long or draft.size > limit:
            raise errors.parameter_wrong(too_big(limit))

    async def _read_part(self, part: BodyPartReader) -> None:
        if part.name == "file":
            await self._read_file(part)
        elif part.name is not None:
            self._fields[part.name] = await _text(part)

    async def _read_file(self, part: BodyPartReader) -> None:
        """Keep up to its limit; the rest is read too, so that the client hears why it is refused."""
        self.discard()
        self._type = announced_type(part.headers.get("Content-Type"))
        self._draft = draft = self._shelf.draft()
        longest = _longest(self._type)
        while piece := await part.read_chunk(PIECE):
            self._is_too_long = self._is_too_long or draft.size + len(piece) > longest
            if not self._is_too_long:
                draft.write(piece)


async def _parts(form: MultipartReader) -> AsyncIterator[BodyPartReader]:
    for _ in range(_MOST_PARTS):
        part = await form.next()
        if part is None:
            return
        if isinstance(part, BodyPartReader):
            yield part


async def _text(part: BodyPartReader) -> str:
    text = b""
    while len(text) < _LONGEST_FIELD and (piece := await part.read_chunk(_LONGEST_FIELD)):
        text += piece
    return text.decode("utf-8", "replace")


def _longest(mime_type: str) -> int:
    """How much can be right at all; whether a sticker moves is known only from its content."""
    kind = kind_of(mime_type)
    return ANIMATED_STICKER_LIMIT if kind == "sticker" else size_limit(kind)
