"""Images, videos, audio, documents and stickers. Size and type of a file are checked where the file is."""

from typing import Annotated

from pydantic import Field

from server.schemas.content.parts import MediaSource, Text

CAPTION_MAX = 1024
"""Meta: image, video and document messages."""
FILENAME_MAX = 240
"""Ours: what file systems take; Meta names none."""

Caption = Annotated[Text, Field(max_length=CAPTION_MAX)]


class Image(MediaSource):
    """A JPEG or PNG of at most 5 MB."""

    caption: Caption | None = None


class Video(MediaSource):
    """An MP4 or 3GP of at most 16 MB, in H.264 with AAC."""

    caption: Caption | None = None


class Audio(MediaSource):
    """An AAC, AMR, MP3, MP4 or OGG of at most 16 MB. As `voice` it is shown as a voice message, and must be OPUS."""

    voice: bool | None = None


class Document(MediaSource):
    """Any file of at most 100 MB."""

    caption: Caption | None = None
    filename: Annotated[Text, Field(min_length=1, max_length=FILENAME_MAX)] | None = None


class Sticker(MediaSource):
    """A WebP: still up to 100 KB, animated up to 500 KB."""
