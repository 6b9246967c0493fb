"""Small real files of every kind that people send: they play, open and decode. How they were made: README.md.

Sent by the phones when a person writes with a `sample`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

_OOXML = "application/vnd.openxmlformats-officedocument."

# The MIME types with which WhatsApp announces such files in webhooks.
TYPES: Final = {
    "animated-sticker.webp": "image/webp",
    "brochure.pdf": "application/pdf",
    "clip.3gp": "video/3gpp",
    "clip.mp4": "video/mp4",
    "letter.docx": f"{_OOXML}wordprocessingml.document",
    "note.txt": "text/plain",
    "photo.jpg": "image/jpeg",
    "picture.png": "image/png",
    "slides.pptx": f"{_OOXML}presentationml.presentation",
    "sticker.webp": "image/webp",
    "table.xlsx": f"{_OOXML}spreadsheetml.sheet",
    "tone.aac": "audio/aac",
    "tone.amr": "audio/amr",
    "tone.m4a": "audio/mp4",
    "tone.mp3": "audio/mpeg",
    "voice-note.ogg": "audio/ogg; codecs=opus",
}


@cache
def read(name: str) -> bytes:
    """The bytes of a sample. Raises KeyError when `TYPES` has no such name."""
    if name not in TYPES:
        raise KeyError(name)
    return files(__package__).joinpath(name).read_bytes()
