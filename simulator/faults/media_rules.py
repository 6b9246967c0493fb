"""The kinds of faults on the bytes of media and on what a look-up says of them, one type each. Pure descriptions.

`active.py` decides whom they strike, `graph/media_faults.py` carries them out.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from simulator.faults.rule import RealSeconds, Rule

Step = Literal["lookup", "download"]

_MOST_BYTES = 1024 * 1024 * 1024


class OnMedia(Rule, frozen=True, kw_only=True):
    """`step`: the call that it is about. Of `where` only a phone_number_id can be meant."""

    step: Step = "download"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.where.names_a_message:
            raise ValueError("media belong to a phone_number_id and not to a recipient or a message")


class OnDownloads(OnMedia, frozen=True, kw_only=True):
    step: Literal["download"] = "download"


class OnLookups(OnMedia, frozen=True, kw_only=True):
    step: Literal["lookup"] = "lookup"


class MediaGone(OnMedia, frozen=True, kw_only=True, tag="media_gone"):
    """It is gone before its time: 404 at its address, an object that does not exist in the look-up."""


class MediaError(OnDownloads, frozen=True, kw_only=True, tag="media_error"):
    """A server error without JSON."""

    http: Annotated[int, msgspec.Meta(ge=500, le=599)] = 500


class MediaRedirect(OnDownloads, frozen=True, kw_only=True, tag="media_redirect"):
    """The answer leads elsewhere, where the token must not go."""

    location: Annotated[str, msgspec.Meta(pattern="^https?://[!-~]+$", max_length=2048)]
    http: Literal[301, 302, 303, 307, 308] = 302


class MediaWrongDigest(OnLookups, frozen=True, kw_only=True, tag="media_wrong_digest"):
    """The look-up tells a digest that the bytes do not have."""


class MediaAltered(OnDownloads, frozen=True, kw_only=True, tag="media_altered"):
    """As many bytes as announced, of which the last one is another."""


class MediaCut(OnDownloads, frozen=True, kw_only=True, tag="media_cut"):
    """Half of the bytes arrive, then the connection is cut."""


class MediaShort(OnDownloads, frozen=True, kw_only=True, tag="media_short"):
    """Half of the bytes, under a length that says no more: only the look-up and the digest tell."""


class MediaLonger(OnDownloads, frozen=True, kw_only=True, tag="media_longer"):
    """So many bytes more than the look-up announced. Without `told` no length is given at all."""

    bytes: Annotated[int, msgspec.Meta(ge=1, le=_MOST_BYTES)] = 1024 * 1024
    told: bool = True


class MediaWrongType(OnDownloads, frozen=True, kw_only=True, tag="media_wrong_type"):
    """The right bytes under a wrong content type."""

    content_type: Annotated[str, msgspec.Meta(pattern="^[a-z]+/[a-z0-9.+-]+$", max_length=128)] = "text/html"


class MediaDrip(OnDownloads, frozen=True, kw_only=True, tag="media_drip"):
    """The right bytes in drops; the last one comes after so many real seconds."""

    seconds: RealSeconds


MediaRule = (
    MediaGone
    | MediaError
    | MediaRedirect
    | MediaWrongDigest
    | MediaAltered
    | MediaCut
    | MediaShort
    | MediaLonger
    | MediaWrongType
    | MediaDrip
)
