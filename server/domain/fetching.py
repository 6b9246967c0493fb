"""Fetching the files that people send: what can go wrong, when it is tried again, and what makes a file whole. Pure.

`whatsapp.downloads` says what went wrong, `services.media_fetches` asks here what follows from it.
"""

from dataclasses import dataclass
from typing import Final

from server.domain.media import KB, MB, essence

KEPT_S: Final = 7 * 86_400.0
"""How long Meta keeps what people send (Meta: media reference)."""
DOUBTS: Final = 5
"""So many times Meta may answer with something else than the file."""
KINDS: Final = ("image", "audio", "video", "document", "sticker")
FIRST_S: Final = 5.0
LONGEST_S: Final = 1800.0

_ANY_BYTES = frozenset({"application/octet-stream", "binary/octet-stream"})
_STICKER = "image/webp"


@dataclass(frozen=True, slots=True)
class Away:
    """Nothing is known against the file: no answer, an outage, a limit, a token. Waiting helps, at least so long."""

    reason: str
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Meta answered, and not with the file that it told of. Some more tries may help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Larger than what is fetched here, which only a setting mends."""

    reason: str


Failure = Away | Doubtful | Unwanted


@dataclass(frozen=True, slots=True)
class Told:
    """What Meta says of a file. More than one digest where it told it more than once; None and none: not told."""

    mime_type: str | None
    size: int | None
    digests: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Got:
    """What came."""

    mime_type: str | None
    size: int
    sha256: bytes


def flaw(told: Told, got: Got) -> Doubtful | None:
    """Why this is not the file that was told; None when it is."""
    if told.size is not None and got.size != told.size:
        return Doubtful(f"{got.size} bytes came, and Meta told of {told.size}")
    if told.digests - {got.sha256}:
        return Doubtful("the bytes that came do not have the SHA-256 that Meta told")
    if not got.size:
        return Doubtful("the file that came is empty")
    told_type, got_type = essence(told.mime_type or ""), essence(got.mime_type or "")
    if told_type and got_type and got_type != told_type and got_type not in _ANY_BYTES:
        return Doubtful(f"it came as {got_type}, and Meta told of {told_type}")
    return None


def wait_s(failure: Failure, *, attempts: int, doubts: int, age_s: float) -> float | None:
    """Seconds until the next try; None: it is given up. The counts are with this try; the age is the message's."""
    if isinstance(failure, Unwanted) or doubts >= DOUBTS:
        return None
    wait = min(FIRST_S * (1 << min(max(attempts - 1, 0), 16)), LONGEST_S)
    if isinstance(failure, Away):
        wait = max(wait, failure.wait_s)
    return wait if age_s + wait < KEPT_S else None


def kind_of(mime_type: str) -> str:
    """image, audio, video, sticker or document: whose limit a file of this type has to keep."""
    kind = essence(mime_type)
    if kind == _STICKER:
        return "sticker"
    family = kind.partition("/")[0]
    return family if family in ("image", "audio", "video") else "document"


def too_large(kind: str, most: int) -> Unwanted:
    """Names the setting that mends it."""
    shown = f"{most // MB} MB" if most >= MB else f"{most // KB} KB"
    return Unwanted(f"the file is larger than {shown}, the limit for a {kind} (inbound_{kind}_max_mb)")
