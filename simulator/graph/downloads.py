"""The bytes of media under the address that a look-up gave: headers as recorded ones, and a token needed as at Meta.

Called by the application for its own path, which is none of the Graph API.
"""

from __future__ import annotations

import mimetypes
from typing import Final

from aiohttp import hdrs, web

from simulator.graph import tokens
from simulator.graph.errors import GraphError
from simulator.media.kinds import essence
from simulator.media.links import media_at
from simulator.media.shelf import Media
from simulator.state import Token
from simulator.world import World

_HEADERS: Final = (
    ("Cache-Control", "private, no-cache, no-store, must-revalidate"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)


class Downloads:
    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """401 without a token that is known; 404 when the address leads nowhere, or the token may not see the media."""
        try:
            token = tokens.from_request(
                self._world.store, request.headers.get(hdrs.AUTHORIZATION), None, at=self._world.clock.now()
            )
        except GraphError as error:
            return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: error.challenge})
        media = media_at(self._world.media, request.query, now=self._world.clock.now())
        if media is None or not self._may_see(token, media):
            return web.Response(status=404)
        return await self._sent(request, media)

    def _may_see(self, token: Token, media: Media) -> bool:
        number = self._world.store.numbers.get(media.phone_number_id)
        return number is not None and number.waba_id in token.waba_ids

    async def _sent(self, request: web.Request, media: Media) -> web.StreamResponse:
        pieces = self._world.media.pieces(media)
        response = web.StreamResponse(headers={**dict(_HEADERS), **described(media)})
        response.content_length = media.size
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        return response


def described(media: Media) -> dict[str, str]:
    """The headers that say what it is."""
    extension = mimetypes.guess_extension(essence(media.mime_type)) or ""
    return {
        hdrs.CONTENT_TYPE: media.mime_type,
        hdrs.CONTENT_DISPOSITION: f"inline;filename=whatsapp{extension}",
        hdrs.ETAG: f'"{media.sha256[:32]}"',
    }
