"""What a person says when they send a file, and what the webhook says of it.

Part of the body of `POST /_sim/people/{wa_id}/messages`; called by `people.py`.
"""

from __future__ import annotations

import mimetypes
from typing import Annotated, Final, Literal

import msgspec

from simulator import samples
from simulator.errors import Refused
from simulator.media.kinds import MediaKind, essence, kind_of, webhook_object
from simulator.media.links import link_to
from simulator.media.shelf import Media
from simulator.state import Number
from simulator.world import World

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]

_FAMILIES: Final[dict[MediaKind, str]] = {
    "audio": "audio/",
    "document": "",
    "image": "image/",
    "sticker": "image/webp",
    "video": "video/",
}
_WITH_CAPTION: Final = ("document", "image", "video")


class SentMedia(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A `sample`, or the `media_id` of a file that was given to the person.

    `type`: without it, what the file is. `voice`: without it, whether it is Ogg, as WhatsApp records voice notes.
    """

    type: MediaKind | Literal["text"] | None = None
    sample: str | None = None
    media_id: str | None = None
    caption: Words | None = None
    filename: Words | None = None
    voice: bool | None = None

    @property
    def names_a_file(self) -> bool:
        return self.sample is not None or self.media_id is not None


def media_content(world: World, number: Number, sent: SentMedia, *, origin: str) -> dict[str, object]:
    """The message's `type` and its object, as webhooks have them.

    Raises:
        Refused: there is no such file, or it cannot be sent in that way.
    """
    if sent.sample is not None and sent.media_id is not None:
        raise Refused("give either a sample or a media_id")
    if sent.media_id is not None:
        media = _given(world, number, sent.media_id)
        kind = _kind(sent, media.mime_type)
    else:
        type_ = type_of_sample(sent.sample or "")
        kind = _kind(sent, type_)
        media = world.media.keep_inbound(number.id, type_, samples.read(sent.sample or ""))
    described = webhook_object(
        kind,
        media,
        caption=sent.caption,
        filename=sent.filename or sent.sample or _file_name(media),
        voice=essence(media.mime_type) == "audio/ogg" if sent.voice is None else sent.voice,
        url=_url(world, media, origin),
    )
    return {"type": kind, kind: described}


def type_of_sample(name: str) -> str:
    """Raises Refused when there is no such sample."""
    if name not in samples.TYPES:
        raise Refused(f"there is no sample {name}; there are {', '.join(samples.TYPES)}", http=404)
    return samples.TYPES[name]


def _given(world: World, number: Number, media_id: str) -> Media:
    media = world.media.find(media_id)
    if media is None or media.phone_number_id != number.id or not media.inbound:
        raise Refused(f"no file {media_id} was given to a person for {number.id}, or it has expired", http=404)
    return media


def _kind(sent: SentMedia, mime_type: str) -> MediaKind:
    kind = kind_of(mime_type) if sent.type is None else sent.type
    if kind == "text" or not essence(mime_type).startswith(_FAMILIES[kind]):
        raise Refused(f"a file of type {mime_type} cannot be sent as {kind}; leave out the type, or choose another")
    if sent.caption is not None and kind not in _WITH_CAPTION:
        raise Refused(f"a message of type {kind} has no caption; leave it out")
    return kind


def _file_name(media: Media) -> str:
    return f"document{mimetypes.guess_extension(essence(media.mime_type)) or ''}"


def _url(world: World, media: Media, origin: str) -> str | None:
    settings = world.store.settings
    if not settings.media_url_in_webhooks:
        return None
    return link_to(media, origin=origin, now=world.clock.now(), lives_s=settings.media_url_lives_s)
