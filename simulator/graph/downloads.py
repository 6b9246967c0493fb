"""The bytes of media under the address that a look-up gave; a token is needed for them, as at Meta.

Called by the application for its own path, which is none of the Graph API.
"""

from __future__ import annotations

from aiohttp import hdrs, web

from simulator.graph import tokens
from simulator.graph.download import whole
from simulator.graph.errors import GraphError
from simulator.graph.media import record
from simulator.graph.media_faults import in_place_of_bytes, spoiled, struck
from simulator.media.links import media_at
from simulator.media.shelf import Media
from simulator.state import Token
from simulator.world import World


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

    async def _sent(self, request: web.Request, media: Media) -> web.StreamResponse:
        rule = struck(self._world, "download", media)
        if (nothing := in_place_of_bytes(rule)) is not None:
            return nothing
        try:
            download = whole(media, self._world.media.pieces(media))
        except FileNotFoundError:
            return web.Response(status=404)
        record(self._world, "download", media)
        return await spoiled(rule, download, size=media.size).send(request)

    def _may_see(self, token: Token, media: Media) -> bool:
        number = self._world.store.numbers.get(media.phone_number_id)
        return number is not None and number.waba_id in token.waba_ids
