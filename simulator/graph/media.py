"""Media of a number: upload, look-up and deletion (Meta: media reference).

Called by the router; `downloads.py` serves the bytes. Whether a file is what it claims to be is not judged here: as at
Meta it is taken, and a message with it fails later (`kinds.refusal`).
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from simulator.faults.media_rules import MediaGone, MediaWrongDigest
from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.media_faults import struck
from simulator.graph.media_form import MediaForm
from simulator.media.links import link_to
from simulator.media.shelf import Media
from simulator.world import World


async def upload(call: Call, request: web.Request) -> Json:
    """`POST /{phone-number-id}/media`; nothing is kept unless all of the form is right."""
    number = call.require_number()
    form = MediaForm(call.world.media)
    try:
        await form.read(request)
        mime_type, content = form.finished()
    finally:
        form.discard()
    media = call.world.media.keep(number.id, mime_type, content)
    record(call.world, "upload", media)
    return {"id": media.id}


def show(call: Call) -> Json:
    """`GET /{media-id}`, with an address that leads to the bytes for five minutes."""
    media = _owned(call)
    fault = struck(call.world, "lookup", media)
    if isinstance(fault, MediaGone):
        raise errors.no_such_object(call.method, media.id)
    lives_s = call.world.store.settings.media_url_lives_s
    return {
        "url": link_to(media, origin=call.origin, now=call.at, lives_s=lives_s),
        "mime_type": media.mime_type,
        "sha256": media.sha256[::-1] if isinstance(fault, MediaWrongDigest) else media.sha256,
        "file_size": media.size,
        "id": media.id,
        "messaging_product": "whatsapp",
    }


def delete(call: Call) -> Json:
    media = _owned(call)
    call.world.media.forget(media.id)
    record(call.world, "delete", media)
    return {"success": True}


def record(world: World, event: Literal["upload", "download", "delete"], media: Media) -> None:
    """Write down what the business did with it, before it is told so."""
    world.ledger.append(
        "media",
        event=event,
        media_id=media.id,
        phone_number_id=media.phone_number_id,
        mime_type=media.mime_type,
        size=media.size,
        sha256=media.sha256,
    )
    world.ledger.flush()


def _owned(call: Call) -> Media:
    """Raises GraphError when `phone_number_id` is given and is another number's."""
    media = call.require_media()
    if call.query.get("phone_number_id", media.phone_number_id) != media.phone_number_id:
        raise errors.no_such_object(call.method, media.id)
    return media
