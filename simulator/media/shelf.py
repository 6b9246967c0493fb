"""The shelf: every media object with its number, its type and its end, and which bytes are still needed.

Filled by uploads and by what people send; asked by the Graph endpoints and the messages endpoint through `find`.
It decides when something is gone, and is bounded: the oldest goes when there is no room.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from simulator.append_file import AppendFile
from simulator.clock import Clock
from simulator.errors import CannotStart
from simulator.ids import Ids
from simulator.media.content import Blob, Contents, Draft
from simulator.state import Store

log = logging.getLogger("simulator.media")

MEMORY_BOUND: Final = 256 * 1024 * 1024
DISK_BOUND: Final = 8 * 1024 * 1024 * 1024
_OBJECTS_KEPT = 100_000
_LOOKS_EVERY_S = 60.0
_COMPACT_AFTER_BYTES = 32 * 1024 * 1024

_encode = msgspec.json.Encoder().encode


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """One media object. `sha256` is hex, `size` in bytes, times are Unix.

    `content_types` is what its bytes can be, the likeliest first; `mime_type` is what was said of them.
    `link_key` proves that an address was given for it (see `links.py`).
    """

    id: str
    phone_number_id: str
    mime_type: str
    sha256: str
    size: int
    created_at: float
    expires_at: float
    inbound: bool
    content_types: tuple[str, ...]
    animated: bool
    link_key: bytes


class _Line(msgspec.Struct, omit_defaults=True):
    """A line of the file: something was kept, or something is gone."""

    kept: Media | None = None
    gone: str | None = None


@dataclass(slots=True)
class _Need:
    objects: int
    size: int


class MediaShelf:
    """Raises CannotStart when the file of an earlier run cannot be understood."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, contents: Contents, bound: int, file: AppendFile | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._contents = contents
        self._bound = bound
        self._file = file
        # The oldest first; a dict would search for its first entry.
        self._media: OrderedDict[str, Media] = OrderedDict()
        self._needs: dict[str, _Need] = {}
        self._size = 0
        self._look_at = 0.0
        self._compact_at = _COMPACT_AFTER_BYTES
        if file is not None:
            self._load(file)

    def __len__(self) -> int:
        return len(self._media)

    @property
    def size(self) -> int:
        """The bytes that are kept, each content counted once."""
        return self._size

    def find(self, media_id: str) -> Media | None:
        """None when it is unknown, deleted or expired."""
        media = self._media.get(media_id)
        return media if media is not None and self._clock.now() < media.expires_at else None

    def all(self) -> list[Media]:
        """All that has not expired, the oldest first."""
        return [media for media in self._media.values() if self._clock.now() < media.expires_at]

    def draft(self) -> Draft:
        """A new file, to be written piece by piece and then kept. Raises OSError when the disk refuses."""
        return self._contents.draft()

    def keep(self, phone_number_id: str, mime_type: str, content: Blob | bytes) -> Media:
        """Put what a business uploaded on the shelf; it is on record (when there is a disk) before this returns."""
        return self._keep(phone_number_id, mime_type, content, inbound=False)

    def keep_inbound(self, phone_number_id: str, mime_type: str, content: Blob | bytes) -> Media:
        """The same for what a person sends to that number; it lives less long."""
        return self._keep(phone_number_id, mime_type, content, inbound=True)

    def pieces(self, media: Media) -> Iterator[bytes]:
        """Its bytes, piece by piece. Raises FileNotFoundError when somebody has removed the file."""
        return self._contents.pieces(media.sha256)

    def forget(self, media_id: str) -> None:
        """Take it off the shelf, and its bytes off the disk when nothing else has the same."""
        media = self._media.pop(media_id, None)
        if media is None:
            return
        need = self._needs[media.sha256]
        need.objects -= 1
        if not need.objects:
            del self._needs[media.sha256]
            self._size -= need.size
            self._contents.drop(media.sha256)
        self._write(_Line(gone=media_id))

    def _keep(self, phone_number_id: str, mime_type: str, content: Blob | bytes, *, inbound: bool) -> Media:
        blob = content if isinstance(content, Blob) else self._written(content)
        now, settings = self._clock.now(), self._store.settings
        lives_s = settings.inbound_media_lives_s if inbound else settings.media_lives_s
        media = Media(
            id=self._new_id(),
            phone_number_id=phone_number_id,
            mime_type=mime_type,
            sha256=blob.sha256,
            size=blob.size,
            created_at=now,
            expires_at=now + lives_s,
            inbound=inbound,
            content_types=blob.types,
            animated=blob.animated,
            link_key=self._ids.key(),
        )
        self._record(media)
        self._add(media)
        self._make_room(now)
        return media

    def _record(self, media: Media) -> None:
        try:
            self._write(_Line(kept=media))
        except OSError:
            if media.sha256 not in self._needs:
                self._contents.drop(media.sha256)
            raise

    def _written(self, content: bytes) -> Blob:
        draft = self._contents.draft()
        try:
            draft.write(content)
            return draft.finish()
        except OSError:
            draft.discard()
            raise

    def _new_id(self) -> str:
        """Like Meta's: digits, and of nothing else in the Graph."""
        while True:
            id_ = self._ids.of_object()
            if id_ not in self._media and id_ not in self._store.numbers and id_ not in self._store.wabas:
                return id_

    def _add(self, media: Media) -> None:
        self._media[media.id] = media
        need = self._needs.setdefault(media.sha256, _Need(0, media.size))
        self._size += 0 if need.objects else need.size
        need.objects += 1

    def _make_room(self, now: float) -> None:
        """Let go of what has expired and, the oldest first, of what exceeds the bounds."""
        if now >= self._look_at:
            self._look_at = now + _LOOKS_EVERY_S
            for media in [media for media in self._media.values() if media.expires_at <= now]:
                self.forget(media.id)
        while len(self._media) > 1 and (self._size > self._bound or len(self._media) > _OBJECTS_KEPT):
            oldest = next(iter(self._media))
            log.warning("the shelf is full: media %s goes before its time", oldest)
            self.forget(oldest)

    def _write(self, line: _Line) -> None:
        if self._file is None:
            return
        self._file.append(_encode(line))
        self._file.flush()
        if self._file.size > self._compact_at:
            self._compact(self._file)

    def _load(self, file: AppendFile) -> None:
        for place, line in enumerate(file.read_from(0), start=1):
            try:
                read = msgspec.json.decode(line, type=_Line)
            except msgspec.MsgspecError as error:
                raise CannotStart(
                    f"line {place} of {file.path} cannot be read; remove the line, or give another --data"
                ) from error
            if read.kept is not None:
                self._media[read.kept.id] = read.kept
            self._media.pop(read.gone or "", None)
        self._drop_what_is_gone()
        self._compact(file)

    def _drop_what_is_gone(self) -> None:
        now = self._clock.now()
        alive = [media for media in self._media.values() if now < media.expires_at]
        there = self._contents.keep_only({media.sha256 for media in alive})
        self._media.clear()
        for media in alive:
            if media.sha256 in there:
                self._add(media)

    def _compact(self, file: AppendFile) -> None:
        file.replace(_encode(_Line(kept=media)) for media in self._media.values())
        self._compact_at = max(_COMPACT_AFTER_BYTES, 2 * file.size)
