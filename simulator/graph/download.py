"""One download on its way out: its headers, its bytes in pieces, and how fast and how far they get.

Made by `downloads.py`; a planned fault changes it before it is sent.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from simulator.media.kinds import essence
from simulator.media.shelf import Media

_HEADERS: Final = (
    (hdrs.CACHE_CONTROL, "private, no-cache, no-store, must-revalidate"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)


@dataclass(slots=True)
class Download:
    """`length`: what is announced; None for an answer without one.

    `lasts_s`: real seconds until the last piece. `is_cut`: the connection is closed after it.
    """

    headers: dict[str, str]
    pieces: Iterator[bytes]
    length: int | None
    lasts_s: float = 0.0
    is_cut: bool = False

    async def send(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=self.headers)
        response.content_length = self.length
        await response.prepare(request)
        for piece in self.pieces:
            if self.lasts_s and self.length:
                await asyncio.sleep(self.lasts_s * len(piece) / self.length)
            await response.write(piece)
        if self.is_cut and request.transport is not None:
            request.transport.close()  # what was written still goes out
        return response


def whole(media: Media, pieces: Iterator[bytes]) -> Download:
    """As recorded downloads are."""
    extension = mimetypes.guess_extension(essence(media.mime_type)) or ""
    headers = {
        **dict(_HEADERS),
        hdrs.CONTENT_TYPE: media.mime_type,
        hdrs.CONTENT_DISPOSITION: f"inline;filename=whatsapp{extension}",
        hdrs.ETAG: f'"{media.sha256[:32]}"',
    }
    return Download(headers, pieces, media.size)
