"""The kinds of media messages: which types and sizes each may have, and what a webhook says of them.

Pure; used by uploads, by the messages endpoint and by the phones. Types, sizes and words are Meta's (Meta:
media reference; recorded answers of uploads and failed statuses).
"""

from __future__ import annotations

import base64
from typing import Final, Literal, Protocol

MediaKind = Literal["audio", "document", "image", "sticker", "video"]

KB: Final = 1024
MB: Final = 1024 * KB

IMAGE_LIMIT: Final = 5 * MB
AUDIO_LIMIT: Final = 16 * MB
VIDEO_LIMIT: Final = 16 * MB
DOCUMENT_LIMIT: Final = 100 * MB
STICKER_LIMIT: Final = 100 * KB
ANIMATED_STICKER_LIMIT: Final = 500 * KB

UNKNOWN_TYPE: Final = "application/octet-stream"

_LONGEST_TYPE = 128
_OOXML = "application/vnd.openxmlformats-officedocument."

# What an upload may be, in the order in which Meta lists it when it refuses another type.
UPLOAD_TYPES: Final = (
    "audio/aac",
    "audio/mp4",
    "audio/mpeg",
    "audio/amr",
    "audio/ogg",
    "audio/opus",
    "application/vnd.ms-powerpoint",
    "application/msword",
    f"{_OOXML}wordprocessingml.document",
    f"{_OOXML}presentationml.presentation",
    f"{_OOXML}spreadsheetml.sheet",
    "application/pdf",
    "text/plain",
    "application/vnd.ms-excel",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/3gpp",
)

# What a message of that kind may carry, as a failed status lists it. A document may be any file that was uploaded.
_SENDABLE: dict[MediaKind, tuple[str, ...]] = {
    "audio": ("audio/ogg; codecs=opus", "audio/mpeg", "audio/amr", "audio/mp4", "audio/aac"),
    "document": UPLOAD_TYPES,
    "image": ("image/png", "image/jpeg"),
    "sticker": ("image/webp",),
    "video": ("video/3gpp", "video/mp4"),
}
_LIMITS: dict[MediaKind, int] = {
    "audio": AUDIO_LIMIT,
    "document": DOCUMENT_LIMIT,
    "image": IMAGE_LIMIT,
    "video": VIDEO_LIMIT,
}


class Described(Protocol):
    """What is known of a media object; `shelf.Media` is one."""

    @property
    def id(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def content_types(self) -> tuple[str, ...]: ...
    @property
    def animated(self) -> bool: ...


def essence(mime_type: str) -> str:
    """The type without its parameters: `audio/ogg` of `audio/ogg; codecs=opus`."""
    return mime_type.partition(";")[0].strip().lower()


def announced_type(header: str | None) -> str:
    """What a Content-Type header says, or the type of mere bytes when it is missing or no plain text."""
    if header and header.isascii() and header.isprintable() and len(header) <= _LONGEST_TYPE:
        return header
    return UNKNOWN_TYPE


def kind_of(mime_type: str) -> MediaKind:
    """The kind whose limit an upload of this type has to keep."""
    match essence(mime_type).partition("/")[0]:
        case "audio":
            return "audio"
        case "video":
            return "video"
        case "image":
            return "sticker" if essence(mime_type) == "image/webp" else "image"
    return "document"


def size_limit(kind: MediaKind, *, animated: bool = False) -> int:
    """The most bytes that this kind may have."""
    if kind == "sticker":
        return ANIMATED_STICKER_LIMIT if animated else STICKER_LIMIT
    return _LIMITS[kind]


def too_big(limit: int) -> str:
    shown = f"{limit // MB}MB" if limit >= MB else f"{limit // KB}KB"
    return f"Media file size too big. Max file size we currently support: {shown}."


def refusal(kind: MediaKind, media: Described, *, voice: bool = False) -> str | None:
    """Why a message of this kind cannot carry it: the details of a failed status with code 131053; None when it can.

    Meta takes such a message and fails it later: it looks at the bytes only when it sends them.
    """
    declared, found = essence(media.mime_type), media.content_types
    allowed = {essence(type_) for type_ in _SENDABLE[kind]}
    wrong = declared if declared not in allowed else None if declared in found else found[0]
    if wrong is not None:
        name = "Voice" if voice else kind.capitalize()
        return f"Unsupported {name} mime type {wrong}. Please use one of {', '.join(_SENDABLE[kind])}."
    limit = size_limit(kind, animated=media.animated)
    return too_big(limit) if media.size > limit else None


def webhook_object(
    kind: MediaKind,
    media: Described,
    *,
    caption: str | None = None,
    filename: str | None = None,
    voice: bool = False,
    url: str | None = None,
) -> dict[str, object]:
    """What a webhook has under the key `kind` of a message; its digest is base64 (Meta: media messages webhooks)."""
    described: dict[str, object] = {}
    if caption is not None:
        described["caption"] = caption
    if kind == "document" and filename is not None:
        described["filename"] = filename
    described |= {
        "mime_type": media.mime_type,
        "sha256": base64.b64encode(bytes.fromhex(media.sha256)).decode("ascii"),
        "id": media.id,
    }
    if url is not None:
        described["url"] = url
    if kind == "audio":
        described["voice"] = voice
    if kind == "sticker":
        described["animated"] = media.animated
    return described
