"""Which files may be sent: Meta's types and sizes, and what a file is by its first bytes. Pure.

Called where files come in (`services.media`), and where commands name them (`services.command_lookup` and `dispatch`).
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

KB: Final = 1024
MB: Final = 1024 * KB

IMAGE_MAX: Final = 5 * MB
AUDIO_MAX: Final = 16 * MB
VIDEO_MAX: Final = 16 * MB
DOCUMENT_MAX: Final = 100 * MB
STICKER_MAX: Final = 100 * KB
ANIMATED_STICKER_MAX: Final = 500 * KB
"""All of them Meta: media reference, supported media types."""
LARGEST: Final = DOCUMENT_MAX
HEAD_SIZE: Final = 4096
"""How many of its first bytes tell what a file is. Which office document a ZIP or OLE file holds they do not."""
FILENAME_MAX: Final = 240

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OLD_OFFICE = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
_NEW_OFFICE = (
    f"{_OPEN_XML}wordprocessingml.document",
    f"{_OPEN_XML}spreadsheetml.sheet",
    f"{_OPEN_XML}presentationml.presentation",
)
_WEBP = "image/webp"

LIMITS: Final[dict[str, int]] = {
    **dict.fromkeys(("image/jpeg", "image/png"), IMAGE_MAX),
    _WEBP: ANIMATED_STICKER_MAX,
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), AUDIO_MAX),
    **dict.fromkeys(("video/mp4", "video/3gpp"), VIDEO_MAX),
    **dict.fromkeys(("text/plain", "application/pdf", *_OLD_OFFICE, *_NEW_OFFICE), DOCUMENT_MAX),
}
"""The types that Meta takes, each with the most bytes that such a file can have (Meta: media reference)."""

_BEGINNINGS: tuple[tuple[bytes, tuple[str, ...]], ...] = (
    (b"\xff\xd8\xff", ("image/jpeg",)),
    (b"\x89PNG\r\n\x1a\n", ("image/png",)),
    (b"#!AMR", ("audio/amr",)),
    (b"%PDF-", ("application/pdf",)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLD_OFFICE),
    (b"PK\x03\x04", _NEW_OFFICE),
    (b"ID3", ("audio/mpeg", "audio/aac")),
    (b"ADIF", ("audio/aac",)),
    (b"OggS", ("audio/ogg",)),
)
_ANIMATED_FLAG = 0x02
_UUID_LENGTH = 36
_ENDING_MAX = 16


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a file cannot be sent as what it is called; `too_large` is about its size alone."""

    reason: str
    too_large: bool = False


def essence(content_type: str) -> str:
    """`audio/ogg` of `Audio/OGG; codecs=opus`."""
    return content_type.partition(";")[0].strip().lower()


def unfit(mime_type: str, *, head: bytes, size: int) -> Unfit | None:
    """None for a file that Meta takes as `mime_type`, which is one of LIMITS. `head`: its first HEAD_SIZE bytes."""
    if not size:
        return Unfit("The file is empty")
    if mime_type not in _types_of(head):
        return Unfit(f"The file does not begin like {mime_type}")
    most = STICKER_MAX if mime_type == _WEBP and not _is_animated(head) else LIMITS[mime_type]
    return Unfit(too_large(most), too_large=True) if size > most else None


def too_large(most: int) -> str:
    """The sentence that says so."""
    shown = f"{most // MB} MB" if most >= MB else f"{most // KB} KB"
    return f"Files of this kind may have {shown} at most"


def own_id(written: str) -> UUID | None:
    """The id of a medium of this platform; None for anything else, such as an id that Meta gave, which is digits."""
    if len(written) != _UUID_LENGTH:
        return None
    try:
        return UUID(written)
    except ValueError:
        return None


def safe_name(told: str | None) -> str | None:
    """A name that somebody else gave a file: without folder and control characters, and not too long."""
    if told is None:
        return None
    last = told.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in last if character.isprintable()).strip()
    stem, dot, ending = name.rpartition(".")
    if len(name) > FILENAME_MAX and dot and len(ending) < _ENDING_MAX:
        name = f"{stem[: FILENAME_MAX - len(ending) - 1]}.{ending}"
    return name[:FILENAME_MAX] or None


def _types_of(head: bytes) -> tuple[str, ...]:
    for beginning, types in _BEGINNINGS:
        if head.startswith(beginning):
            return types
    return _container(head) or _bare_audio(head) or _text(head)


def _container(head: bytes) -> tuple[str, ...]:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return (_WEBP,)
    if head[4:8] == b"ftyp":
        return ("video/3gpp", "video/mp4") if head[8:10] == b"3g" else ("video/mp4", "audio/mp4")
    return ()


def _bare_audio(head: bytes) -> tuple[str, ...]:
    """Frames begin with eleven set bits; the layer after them is 0 only in AAC."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ()
    return ("audio/mpeg",) if head[1] & 0x06 else ("audio/aac",)


def _text(head: bytes) -> tuple[str, ...]:
    return () if b"\0" in head else ("text/plain",)


def _is_animated(head: bytes) -> bool:
    return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & _ANIMATED_FLAG)
