"""What lies on the shelf, and files for people to send.

Called over HTTP by tests, by the simulator's phone page and by people with curl. Bytes are shown without a token: this
is the side of the simulator that Meta does not have.
"""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from simulator import samples
from simulator.control.requests import answering, found, json_answer, path_id, whole_number
from simulator.control.sent_media import type_of_sample
from simulator.errors import Refused
from simulator.media.content import PIECE, Draft
from simulator.media.kinds import DOCUMENT_LIMIT, UNKNOWN_TYPE, announced_type, too_big
from simulator.media.shelf import Media
from simulator.world import World

# What clients say of themselves when nobody has told them what the bytes are.
_UNNAMED: Final = (UNKNOWN_TYPE, "application/x-www-form-urlencoded")
_SHOWN: Final = 1000
# A page that shows a file must never run what is in it.
_HARMLESS: Final = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}


class MediaEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._shelf = world.media

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/samples", answering(self.list_samples)),
            web.get("/_sim/samples/{name}", self.sample),
            web.get("/_sim/media", answering(self.list_media)),
            web.get("/_sim/media/{media_id}", answering(self.show)),
            web.delete("/_sim/media/{media_id}", answering(self.forget)),
            web.get("/_sim/media/{media_id}/content", self.content),
            web.post("/_sim/people/{wa_id}/media", answering(self.give)),
        ]

    async def list_samples(self, _request: web.Request) -> object:
        return {"data": [{"sample": name, "mime_type": type_} for name, type_ in samples.TYPES.items()]}

    async def sample(self, request: web.Request) -> web.Response:
        """The file itself."""
        name = request.match_info["name"]
        try:
            type_ = type_of_sample(name)
        except Refused as error:
            return json_answer({"error": {"message": str(error)}}, http=error.http)
        return web.Response(body=samples.read(name), headers={**_HARMLESS, hdrs.CONTENT_TYPE: type_})

    async def list_media(self, request: web.Request) -> object:
        """The newest ones last; `bytes` counts all that is kept."""
        everything = self._shelf.all()
        newest = everything[max(0, len(everything) - whole_number(request, "limit", _SHOWN, 100_000)) :]
        return {"data": [_shown(media) for media in newest], "bytes": self._shelf.size}

    async def show(self, request: web.Request) -> object:
        return _shown(self._media(request))

    async def forget(self, request: web.Request) -> object:
        """It is gone for everybody, as if its time were over."""
        media = self._media(request)
        self._shelf.forget(media.id)
        return _shown(media)

    async def content(self, request: web.Request) -> web.StreamResponse:
        try:
            media = self._media(request)
        except Refused as error:
            return json_answer({"error": {"message": str(error)}}, http=error.http)
        response = web.StreamResponse(headers={**_HARMLESS, hdrs.CONTENT_TYPE: media.mime_type})
        response.content_length = media.size
        pieces = self._shelf.pieces(media)
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        return response

    async def give(self, request: web.Request) -> object:
        """Take the raw body as a file that this person can send to the number in `to`."""
        found(self._world.store.people, path_id(request, "wa_id"), "person")
        number = found(self._world.store.numbers, request.query.get("to", ""), "number")
        type_ = announced_type(request.headers.get(hdrs.CONTENT_TYPE))
        draft = self._shelf.draft()
        try:
            await _write(draft, request)
            blob = draft.finish()
        except BaseException:  # also when the connection breaks
            draft.discard()
            raise
        return _shown(self._shelf.keep_inbound(number.id, blob.types[0] if type_ in _UNNAMED else type_, blob))

    def _media(self, request: web.Request) -> Media:
        id_ = path_id(request, "media_id")
        media = self._shelf.find(id_)
        if media is None:
            raise Refused(f"there is no media {id_}, or it has expired", http=404)
        return media


async def _write(draft: Draft, request: web.Request) -> None:
    async for piece in request.content.iter_chunked(PIECE):
        if draft.size + len(piece) > DOCUMENT_LIMIT:
            raise Refused(too_big(DOCUMENT_LIMIT), http=413)
        draft.write(piece)
    if not draft.size:
        raise Refused("the body is empty; send the bytes of the file as they are")


def _shown(media: Media) -> object:
    return {
        "id": media.id,
        "phone_number_id": media.phone_number_id or None,
        "inbound": media.inbound,
        "mime_type": media.mime_type,
        "content_types": media.content_types,
        "sha256": media.sha256,
        "size": media.size,
        "created_at": media.created_at,
        "expires_at": media.expires_at,
    }
