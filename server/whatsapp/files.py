"""Which file a message carries. Pure; the inbound service asks, and what it finds is fetched later by another worker.

Meta: media messages webhooks. An edited message carries the file of its new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.whatsapp.parser.values import ID_MAX, get, identifier, word, words

_WITH_FILE = frozenset({"image", "video", "audio", "document", "sticker"})


@dataclass(frozen=True, slots=True)
class File:
    """What Meta says of a file. `sha256` is base64, as Meta writes it."""

    meta_media_id: str
    mime_type: str | None
    sha256: str | None
    filename: str | None


def file_of(kind: str, content: Mapping[str, Any]) -> File | None:
    """The file of a message of that type; None for most."""
    if kind == "edit":
        message = content.get("message")
        inner = word(get(message, "type"))
        found = get(message, inner) if inner in _WITH_FILE else None
        return file_of(inner, found) if inner is not None and isinstance(found, dict) else None
    media_id = identifier(content.get("id"), ID_MAX) if kind in _WITH_FILE else None
    if media_id is None:
        return None
    return File(media_id, words(content.get("mime_type")), words(content.get("sha256")), words(content.get("filename")))
