"""What a file is by its first bytes, whatever it is called. Pure; asked about everything that is put on the shelf."""

from __future__ import annotations

HEAD_SIZE = 4096

_OOXML = "application/vnd.openxmlformats-officedocument."
_OFFICE_97 = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
_OFFICE_FOLDERS = {
    b"word/": f"{_OOXML}wordprocessingml.document",
    b"xl/": f"{_OOXML}spreadsheetml.sheet",
    b"ppt/": f"{_OOXML}presentationml.presentation",
}
_SIGNATURES: tuple[tuple[bytes, tuple[str, ...]], ...] = (
    (b"\xff\xd8\xff", ("image/jpeg",)),
    (b"\x89PNG\r\n\x1a\n", ("image/png",)),
    (b"GIF8", ("image/gif",)),
    (b"#!AMR", ("audio/amr",)),
    (b"%PDF-", ("application/pdf",)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE_97),
    (b"ID3", ("audio/mpeg",)),
    (b"ADIF", ("audio/aac",)),
)
_UNKNOWN = ("application/octet-stream",)
_ANIMATION_FLAG = 0x02


def types_of(head: bytes) -> tuple[str, ...]:
    """The MIME types that a file with these first bytes can have, the likeliest first; never empty."""
    for signature, types in _SIGNATURES:
        if head.startswith(signature):
            return types
    return _container(head) or _audio_frames(head) or _text(head) or _UNKNOWN


def is_animated(head: bytes) -> bool:
    """Whether this is the beginning of an animated WebP (the flag in its VP8X chunk)."""
    return _is_webp(head) and head[12:16] == b"VP8X" and bool(head[20] & _ANIMATION_FLAG)


def _container(head: bytes) -> tuple[str, ...]:
    if _is_webp(head) and len(head) > 20:
        return ("image/webp",)
    if head[4:8] == b"ftyp":
        return _iso_media(head[8:12])
    if head.startswith(b"OggS"):
        return ("audio/ogg", "audio/opus") if b"OpusHead" in head else ("audio/vorbis",)
    if head.startswith(b"PK\x03\x04"):
        return tuple(type_ for folder, type_ in _OFFICE_FOLDERS.items() if folder in head) or ("application/zip",)
    return ()


def _iso_media(brand: bytes) -> tuple[str, ...]:
    if brand.startswith(b"3g"):
        return ("video/3gpp",)
    if brand == b"qt  ":
        return ("video/quicktime",)
    return ("audio/mp4",) if brand == b"M4A " else ("video/mp4", "audio/mp4")


def _audio_frames(head: bytes) -> tuple[str, ...]:
    """Bare MPEG audio: twelve (MP3: eleven) set bits, then a layer, which is 0 only in AAC."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ()
    if head[1] & 0x06:
        return ("audio/mpeg",)
    return ("audio/aac",) if head[1] & 0xF0 == 0xF0 else ()


def _text(head: bytes) -> tuple[str, ...]:
    return () if b"\0" in head or not head else ("text/plain",)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"
