"""Which file may be sent as what, and what its webhook says."""

import base64
import hashlib

import pytest

from simulator import samples
from simulator.media.content import MemoryContents
from simulator.media.kinds import (
    ANIMATED_STICKER_LIMIT,
    AUDIO_LIMIT,
    DOCUMENT_LIMIT,
    IMAGE_LIMIT,
    STICKER_LIMIT,
    UPLOAD_TYPES,
    VIDEO_LIMIT,
    essence,
    kind_of,
    refusal,
    size_limit,
    too_big,
    webhook_object,
)
from simulator.media.magic import HEAD_SIZE, is_animated, types_of
from simulator.media.shelf import Media


def media(content: bytes, mime_type: str, *, size: int | None = None) -> Media:
    draft = MemoryContents().draft()
    draft.write(content)
    blob = draft.finish()
    return Media(
        id="1234567890123456",
        phone_number_id="3",
        mime_type=mime_type,
        sha256=blob.sha256,
        size=blob.size if size is None else size,
        created_at=0.0,
        expires_at=1.0,
        inbound=True,
        content_types=blob.types,
        animated=blob.animated,
        link_key=b"key",
    )


def sample(name: str, mime_type: str | None = None, **more: int) -> Media:
    return media(samples.read(name), mime_type or samples.TYPES[name], **more)


@pytest.mark.parametrize(("name", "mime_type"), samples.TYPES.items())
def test_a_sample_is_what_it_is_announced_as(name, mime_type):
    assert essence(mime_type) in types_of(samples.read(name)[:HEAD_SIZE])


@pytest.mark.parametrize("name", samples.TYPES)
def test_a_sample_can_be_sent_as_its_kind(name):
    assert refusal(kind_of(samples.TYPES[name]), sample(name)) is None


def test_there_is_a_sample_of_every_kind_of_upload():
    old_office = {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
    assert {essence(type_) for type_ in samples.TYPES.values()} == {*UPLOAD_TYPES} - old_office - {"audio/opus"}


@pytest.mark.parametrize(
    ("head", "types"),
    [
        (b"GIF89a\1\0\1\0", ("image/gif",)),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ("application/msword",)),
        (b"\xff\xfb\x90\x64", ("audio/mpeg",)),
        (b"\xff\xf9\x50\x80", ("audio/aac",)),
        (b"OggS\0\2\0\0\0\0\1vorbis", ("audio/vorbis",)),
        (b"PK\3\4\0\0readme.txt", ("application/zip",)),
        (b"\0\0\0\x18ftypqt  ", ("video/quicktime",)),
        (b"<!DOCTYPE html>", ("text/plain",)),
        (b"\x7fELF\2\1\1\0", ("application/octet-stream",)),
        (b"RIFF\0\0\0\0WEBP", ("application/octet-stream",)),
        (b"\xff", ("text/plain",)),
        (b"", ("application/octet-stream",)),
    ],
)
def test_what_a_file_is_by_its_first_bytes(head, types):
    assert types_of(head)[: len(types)] == types
    assert not is_animated(head)


def test_a_sticker_moves_only_when_it_says_so():
    assert is_animated(samples.read("animated-sticker.webp"))
    assert not is_animated(samples.read("sticker.webp"))


@pytest.mark.parametrize(
    ("kind", "name", "limit"),
    [
        ("image", "photo.jpg", IMAGE_LIMIT),
        ("audio", "tone.mp3", AUDIO_LIMIT),
        ("video", "clip.mp4", VIDEO_LIMIT),
        ("document", "brochure.pdf", DOCUMENT_LIMIT),
        ("sticker", "sticker.webp", STICKER_LIMIT),
        ("sticker", "animated-sticker.webp", ANIMATED_STICKER_LIMIT),
    ],
)
def test_the_limit_of_a_kind_is_the_last_size_that_it_takes(kind, name, limit):
    assert refusal(kind, sample(name, size=limit)) is None
    assert refusal(kind, sample(name, size=limit + 1)) == too_big(limit)


def test_the_limits_are_those_of_the_documentation():
    megabyte = 1024 * 1024
    sizes = [size_limit(kind) for kind in ("image", "audio", "video", "document")]
    assert sizes == [5 * megabyte, 16 * megabyte, 16 * megabyte, 100 * megabyte]
    assert (size_limit("sticker"), size_limit("sticker", animated=True)) == (100 * 1024, 500 * 1024)


@pytest.mark.parametrize(
    ("kind", "file", "details"),
    [
        ("image", sample("sticker.webp"), "Unsupported Image mime type image/webp. Please use one of image/png, "),
        ("image", media(b"<!DOCTYPE html>", "image/png"), "Unsupported Image mime type text/plain. "),
        ("image", sample("picture.png", "image/jpeg"), "Unsupported Image mime type image/png. "),
        ("audio", sample("voice-note.ogg", "audio/opus"), "Unsupported Audio mime type audio/opus. "),
        (
            "video",
            sample("tone.mp3"),
            "Unsupported Video mime type audio/mpeg. Please use one of video/3gpp, ",
        ),
        ("document", sample("photo.jpg", "application/pdf"), "Unsupported Document mime type image/jpeg. "),
    ],
)
def test_what_a_message_cannot_carry_is_named_as_meta_names_it(kind, file, details):
    assert refusal(kind, file).startswith(details)


def test_a_refused_voice_message_is_called_one():
    details = refusal("audio", sample("voice-note.ogg", "audio/opus"), voice=True)
    assert details.startswith("Unsupported Voice mime type audio/opus. Please use one of audio/ogg; codecs=opus, ")


def test_a_document_can_be_a_picture():
    assert refusal("document", sample("photo.jpg")) is None


@pytest.mark.parametrize(
    ("kind", "name", "extras"),
    [
        ("image", "photo.jpg", {"caption": "a caption"}),
        ("video", "clip.mp4", {"caption": "a caption"}),
        ("document", "brochure.pdf", {"caption": "a caption", "filename": "a name.pdf"}),
        ("audio", "voice-note.ogg", {"caption": "a caption", "voice": True}),
        ("sticker", "animated-sticker.webp", {"caption": "a caption", "animated": True}),
    ],
)
def test_a_webhook_says_what_the_file_is(kind, name, extras):
    file = sample(name)
    described = webhook_object(kind, file, caption="a caption", filename="a name.pdf", voice=True)
    digest = base64.b64encode(hashlib.sha256(samples.read(name)).digest()).decode()
    assert described == {**extras, "id": file.id, "mime_type": file.mime_type, "sha256": digest}
    assert webhook_object(kind, file, url="http://127.0.0.1/x")["url"] == "http://127.0.0.1/x"
