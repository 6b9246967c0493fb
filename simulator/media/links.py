"""The addresses under which media can be fetched for five minutes, in the form of Meta's.

Made by the look-up of a media object, checked by the download. Stateless: an address carries its end and a proof that
only the shelf can make, so it also survives a restart.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from simulator.media.shelf import Media, MediaShelf

PATH: Final = "/whatsapp_business/attachments/"


def link_to(media: Media, *, origin: str, now: float, lives_s: float) -> str:
    """`origin` is the simulator's own address, as the caller knows it."""
    ends_at = math.ceil(now + lives_s)
    return f"{origin}{PATH}?" + urlencode({"mid": media.id, "ext": ends_at, "hash": _proof(media, str(ends_at))})


def media_at(shelf: MediaShelf, query: Mapping[str, str], *, now: float) -> Media | None:
    """What such an address leads to; None when it has ended, was never given, or leads to nothing any more."""
    media, ends_at = shelf.find(query.get("mid", "")), query.get("ext", "")
    if media is None or not hmac.compare_digest(_proof(media, ends_at).encode(), query.get("hash", "").encode()):
        return None
    return media if now < int(ends_at) else None


def _proof(media: Media, ends_at: str) -> str:
    return hmac.digest(media.link_key, f"{media.id}/{ends_at}".encode(), "sha256").hex()
