"""Images, videos, audio, documents and stickers, and media within other messages: an id or a link.

Called through the table in `types.py`, and by headers and cards. An id must be of the number and still be there; what
it holds is looked at when it is sent, so a wrong kind fails later, as at Meta. Links are not fetched.
"""

from __future__ import annotations

from simulator.graph.content.links import read_url
from simulator.graph.content.sending import Sending
from simulator.graph.errors import invalid, parameter_wrong
from simulator.graph.parameters import Content, Length, Parameters
from simulator.media import refusal
from simulator.media.kinds import MediaKind

CAPTION = Length(1024)  # Meta: media messages

_UPLOAD_ERROR = 131053


def image(message: Parameters, sending: Sending) -> Content:
    given = message.inner("image")
    read_reference(given, "image", sending)
    given.maybe_text("caption", CAPTION)
    return given.done()


def video(message: Parameters, sending: Sending) -> Content:
    given = message.inner("video")
    read_reference(given, "video", sending)
    given.maybe_text("caption", CAPTION)
    return given.done()


def audio(message: Parameters, sending: Sending) -> Content:
    """`voice` true makes it a voice message (Meta: audio messages); there is no caption."""
    given = message.inner("audio")
    voice = given.flag("voice") or False
    read_reference(given, "audio", sending, voice=voice)
    return given.done()


def document(message: Parameters, sending: Sending) -> Content:
    given = message.inner("document")
    read_document(given, sending)
    given.maybe_text("caption", CAPTION)
    return given.done()


def sticker(message: Parameters, sending: Sending) -> Content:
    given = message.inner("sticker")
    read_reference(given, "sticker", sending)
    return given.done()


def read_document(given: Parameters, sending: Sending) -> None:
    read_reference(given, "document", sending)
    given.maybe_text("filename")


def read_reference(given: Parameters, kind: MediaKind, sending: Sending, *, voice: bool = False) -> None:
    """Exactly one of `id` and `link`."""
    if given.has("id") is given.has("link"):
        raise invalid("Either one of media ID or link must be present")
    if given.has("link"):
        read_url(given, "link")
    else:
        _read_id(given, kind, sending, voice=voice)


def _read_id(given: Parameters, kind: MediaKind, sending: Sending, *, voice: bool) -> None:
    media = sending.media(given.text("id"))
    if media is None:
        raise parameter_wrong(f"Param {given.at('id')} is not a valid whatsapp business account media attachment ID")
    if (details := refusal(kind, media, voice=voice)) is not None:
        sending.fail_later(_UPLOAD_ERROR, details)
