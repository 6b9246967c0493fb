"""What is on the shelf, for how long, how much of it, and after a restart."""

import stat

import msgspec
import pytest

from simulator import samples
from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.ids import Ids
from simulator.media import shelf as shelf_module
from simulator.media.content import PIECE, DiskContents, MemoryContents
from simulator.media.links import link_to, media_at
from simulator.media.sessions import UploadSessions
from simulator.media.shelf import MediaShelf
from simulator.settings import Settings
from simulator.state import Store

DAY_S = 24 * 3600.0
ORIGIN = "http://127.0.0.1:1"


class Shelves:
    """One after the other on the same files; the earlier is abandoned, as by a kill."""

    def __init__(self, folder, clock) -> None:
        self.folder = folder
        self.store = Store()
        self._clock = clock
        self._file: AppendFile | None = None

    def next(self, *, bound: int = 10**9) -> MediaShelf:
        if self._file is not None:
            self._file.close()
        self._file = AppendFile(self.folder / "media.jsonl")
        contents = DiskContents(self.folder / "media")
        return MediaShelf(
            store=self.store, clock=self._clock, ids=Ids(), contents=contents, bound=bound, file=self._file
        )

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "media").iterdir())


@pytest.fixture
def shelves(tmp_path, clock):
    return Shelves(tmp_path, clock)


@pytest.fixture(params=["disk", "memory"])
def shelf(request, shelves, clock):
    if request.param == "disk":
        return shelves.next()
    return MediaShelf(store=Store(), clock=clock, ids=Ids(), contents=MemoryContents(), bound=10**9)


def whole(shelf: MediaShelf, media) -> bytes:
    return b"".join(shelf.pieces(media))


def query(link: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in link.partition("?")[2].split("&"))


def test_what_is_kept_is_found_with_its_bytes(shelf):
    content = bytes(range(256)) * (PIECE // 100)
    media = shelf.keep("3", "application/pdf", content)
    assert shelf.find(media.id) == media
    assert (media.size, media.phone_number_id, media.inbound) == (len(content), "3", False)
    assert whole(shelf, media) == content
    assert max(len(piece) for piece in shelf.pieces(media)) == PIECE


def test_ids_are_digits_and_never_the_same(shelf):
    ids = {shelf.keep("3", "text/plain", b"x").id for _ in range(50)}
    assert len(ids) == 50
    assert all(id_.isdigit() and len(id_) == 16 for id_ in ids)


@pytest.mark.parametrize(("inbound", "days"), [(False, 30), (True, 7)])
def test_media_live_for_their_time(shelf, clock, inbound, days):
    keep = shelf.keep_inbound if inbound else shelf.keep
    media = keep("3", "text/plain", b"text")
    clock.advance(days * DAY_S - 1)
    assert shelf.find(media.id)
    clock.advance(1)
    assert shelf.find(media.id) is None
    assert shelf.all() == []


def test_the_settings_say_how_long_that_is(shelves, clock):
    shelf = shelves.next()
    shelves.store.settle(Settings(media_lives_s=10, inbound_media_lives_s=5))
    uploaded, inbound = shelf.keep("3", "text/plain", b"a"), shelf.keep_inbound("3", "text/plain", b"b")
    clock.advance(5)
    assert shelf.find(uploaded.id)
    assert shelf.find(inbound.id) is None


def test_the_same_bytes_are_kept_once_and_until_the_last_one_is_gone(shelves):
    shelf = shelves.next()
    first, second = (shelf.keep("3", "text/plain", b"the same") for _ in range(2))
    assert (len(shelves.files()), shelf.size) == (1, 8)
    shelf.forget(first.id)
    assert whole(shelf, second) == b"the same"
    shelf.forget(second.id)
    assert (shelves.files(), shelf.size, len(shelf)) == ([], 0, 0)
    shelf.forget(second.id)


def test_expired_files_leave_the_disk_when_something_new_comes(shelves, clock):
    shelf = shelves.next()
    shelf.keep_inbound("3", "text/plain", b"old")
    clock.advance(8 * DAY_S)
    new = shelf.keep("3", "text/plain", b"new")
    assert shelves.files() == [new.sha256]


def test_the_oldest_goes_when_there_is_no_room(shelves):
    shelf = shelves.next(bound=250)
    media = [shelf.keep("3", "text/plain", bytes([n]) * 100) for n in range(4)]
    assert [shelf.find(one.id) is not None for one in media] == [False, False, True, True]
    assert (shelf.size, len(shelves.files())) == (200, 2)


def test_what_is_larger_than_the_bound_is_kept_alone(shelves):
    shelf = shelves.next(bound=10)
    shelf.keep("3", "text/plain", b"small")
    large = shelf.keep("3", "text/plain", b"larger than the bound")
    assert shelf.all() == [large]


def test_the_number_of_objects_is_bounded_too(shelves, monkeypatch):
    monkeypatch.setattr(shelf_module, "_OBJECTS_KEPT", 3)
    shelf = shelves.next()
    media = [shelf.keep("3", "text/plain", b"the same") for _ in range(5)]
    assert shelf.all() == media[2:]


def test_a_restart_keeps_what_has_not_expired(shelves, clock):
    first = shelves.next()
    kept, inbound, deleted = (
        first.keep("3", "image/jpeg", samples.read("photo.jpg")),
        first.keep_inbound("3", "text/plain", b"inbound"),
        first.keep("3", "text/plain", b"deleted"),
    )
    first.forget(deleted.id)
    clock.advance(7 * DAY_S)
    second = shelves.next()
    assert second.all() == [kept]
    assert second.find(kept.id) == kept
    assert whole(second, kept) == samples.read("photo.jpg")
    assert second.find(inbound.id) is None
    assert shelves.files() == [kept.sha256]
    assert (shelves.folder / "media.jsonl").read_bytes().count(b"\n") == 1


def test_a_restart_drops_drafts_and_forgets_what_lost_its_bytes(shelves):
    first = shelves.next()
    lost, kept = first.keep("3", "text/plain", b"lost"), first.keep("3", "text/plain", b"kept")
    first.draft().write(b"half a file")
    (shelves.folder / "media" / lost.sha256).unlink()
    second = shelves.next()
    assert second.all() == [kept]
    assert shelves.files() == [kept.sha256]


def test_a_damaged_file_is_named(shelves):
    shelves.next().keep("3", "text/plain", b"x")
    with (shelves.folder / "media.jsonl").open("a") as file:
        file.write('{"kept":{"id":1}}\n')
    with pytest.raises(CannotStart, match=r"line 2 of .*media\.jsonl"):
        shelves.next()


def test_files_are_private(shelves):
    media = shelves.next().keep("3", "text/plain", b"x")
    folder = shelves.folder / "media"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / media.sha256).stat().st_mode) == 0o600
    assert stat.S_IMODE((shelves.folder / "media.jsonl").stat().st_mode) == 0o600


def test_the_file_of_the_shelf_is_rewritten_when_it_grows(shelves, monkeypatch):
    monkeypatch.setattr(shelf_module, "_COMPACT_AFTER_BYTES", 2000)
    shelf = shelves.next()
    for _ in range(100):
        shelf.forget(shelf.keep("3", "text/plain", b"x").id)
    kept = shelf.keep("3", "text/plain", b"x")
    assert (shelves.folder / "media.jsonl").stat().st_size < 3000
    assert shelves.next().all() == [kept]


def test_a_discarded_draft_leaves_nothing(shelves):
    shelf = shelves.next()
    draft = shelf.draft()
    draft.write(b"half")
    draft.discard()
    assert shelves.files() == []


def test_a_link_leads_to_its_media_for_five_minutes(shelf, clock):
    media = shelf.keep("3", "text/plain", b"x")
    link = link_to(media, origin=ORIGIN, now=clock.now(), lives_s=300)
    assert link.startswith(f"{ORIGIN}/whatsapp_business/attachments/?mid={media.id}&ext=")
    assert media_at(shelf, query(link), now=clock.now() + 299) == media
    assert media_at(shelf, query(link), now=clock.now() + 300) is None


def test_a_link_cannot_be_made_up(shelf, clock):
    media, other = shelf.keep("3", "text/plain", b"x"), shelf.keep("3", "text/plain", b"y")
    given = query(link_to(media, origin=ORIGIN, now=clock.now(), lives_s=300))
    forged = [
        {**given, "ext": str(int(given["ext"]) + 1)},
        {**given, "mid": other.id},
        {**given, "hash": given["hash"][:-1] + ("0" if given["hash"][-1] != "0" else "1")},
        {**given, "hash": "ä"},
        {**given, "ext": "soon"},
        {"mid": media.id},
        {},
    ]
    assert [media_at(shelf, one, now=clock.now()) for one in forged] == [None] * len(forged)


def test_links_and_handles_survive_a_restart(shelves, clock):
    first = shelves.next()
    media = first.keep("3", "text/plain", b"x")
    link = link_to(media, origin=ORIGIN, now=clock.now(), lives_s=300)
    handle = finished(UploadSessions(first))
    second = shelves.next()
    assert media_at(second, query(link), now=clock.now()) == media
    assert whole(second, UploadSessions(second).find(handle)) == b"a file"


def finished(sessions: UploadSessions) -> str:
    session = sessions.begin("1", file_type="image/png", file_length=6)
    session.draft.write(b"a file")
    return sessions.finish(session)


def test_a_handle_is_known_only_as_it_was_given(shelf):
    sessions = UploadSessions(shelf)
    handle = finished(sessions)
    assert handle.startswith("4::")
    assert sessions.find(handle).mime_type == "image/png"
    parts = handle.split(":")
    parts[6] = "2"  # another app
    for forged in (handle[:-1], f"{handle}0", ":".join(parts), "4::", "", "ä:" * 8):
        assert sessions.find(forged) is None


def test_sessions_are_few(shelves):
    shelf = shelves.next()
    sessions = UploadSessions(shelf)
    begun = [sessions.begin("1", file_type="image/png", file_length=6) for _ in range(40)]
    assert sessions.session(begun[0].id) is None
    assert sessions.session(begun[-1].id) is begun[-1]
    assert len(shelves.files()) == 16


def test_a_session_that_is_being_written_does_not_end(shelf):
    sessions = UploadSessions(shelf)
    busy = sessions.begin("1", file_type="image/png", file_length=6)
    busy.busy = True
    for _ in range(40):
        sessions.begin("1", file_type="image/png", file_length=6)
    assert sessions.session(busy.id) is busy
    busy.draft.write(b"a file")
    assert sessions.find(sessions.finish(busy))


def test_a_line_of_the_file_has_no_bytes_of_the_media(shelves):
    shelves.next().keep("3", "text/plain", b"a secret text")
    line = (shelves.folder / "media.jsonl").read_bytes()
    assert b"secret" not in line
    assert b"YSBzZWNyZXQ" not in line
    assert msgspec.json.decode(line)["kept"]["size"] == 13
