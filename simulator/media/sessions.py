"""Resumable uploads: sessions that take a file in parts, and the handles that a finished one gives.

Driven by `graph/uploads.py`. The file of a handle lies on the shelf without a number; whoever is given a handle (a
template's header, a profile photo) asks `find`. Sessions are of the run, handles live as long as media.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import uuid
from dataclasses import dataclass, field

from simulator.media.content import Draft
from simulator.media.shelf import Media, MediaShelf

_SESSIONS_KEPT = 16
_NO_NUMBER = ""
_HANDLE_PARTS = 9


@dataclass(slots=True)
class Session:
    """`id` without prefix and signature; `handle` once all of the file is there; `busy` while it is being written."""

    id: str
    app_id: str
    file_type: str
    file_length: int
    draft: Draft
    signature: str = field(default_factory=lambda: f"AR{secrets.token_urlsafe(14)}")
    handle: str | None = None
    busy: bool = False

    @property
    def full_id(self) -> str:
        return f"upload:{self.id}?sig={self.signature}"


class UploadSessions:
    def __init__(self, shelf: MediaShelf) -> None:
        self._shelf = shelf
        self._sessions: dict[str, Session] = {}

    def begin(self, app_id: str, *, file_type: str, file_length: int) -> Session:
        """A new session; the oldest idle one ends when there are too many. Raises OSError when the disk refuses."""
        id_ = base64.b64encode(f"1:attachment:{uuid.uuid4()}".encode()).decode("ascii")
        session = self._sessions[id_] = Session(id_, app_id, file_type, file_length, self._shelf.draft())
        self._make_room()
        return session

    def session(self, id_: str) -> Session | None:
        return self._sessions.get(id_)

    def finish(self, session: Session) -> str:
        """Put the whole file on the shelf and give its handle."""
        media = self._shelf.keep(_NO_NUMBER, session.file_type, session.draft.finish())
        session.handle = _handle(media, session.app_id)
        return session.handle

    def find(self, handle: str) -> Media | None:
        """The file of a handle; None when no upload gave it, or it has expired."""
        parts = handle.split(":")
        if len(parts) != _HANDLE_PARTS:
            return None
        media = self._shelf.find(parts[3].removeprefix("AR"))
        known = media is not None and hmac.compare_digest(_handle(media, parts[6]).encode(), handle.encode())
        return media if known else None

    def _make_room(self) -> None:
        idle = [session for session in self._sessions.values() if not session.busy]
        for session in idle[: max(0, len(self._sessions) - _SESSIONS_KEPT)]:
            del self._sessions[session.id]
            session.draft.discard()


def _handle(media: Media, app_id: str) -> str:
    type_ = base64.b64encode(media.mime_type.encode()).decode("ascii")
    ends_at = int(media.expires_at)
    proof = hmac.digest(media.link_key, f"{app_id}/{ends_at}".encode(), "sha256").hex()[:32]
    return f"4::{type_}:AR{media.id}:e:{ends_at}:{app_id}:1000{app_id}:AR{proof}"
