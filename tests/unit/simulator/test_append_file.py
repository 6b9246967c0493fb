import errno
import os
import stat

import pytest

from simulator.append_file import AppendFile
from simulator.errors import CannotStart


def test_lines_are_in_the_file_after_a_flush(tmp_path):
    file = AppendFile(tmp_path / "a")
    assert [file.append(b"one"), file.append(b"three")] == [0, 4]
    file.flush()
    assert (tmp_path / "a").read_bytes() == b"one\nthree\n"
    assert list(file.read_from(4)) == [b"three"]


def test_a_file_is_private_to_its_owner(tmp_path):
    AppendFile(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.parametrize("half", [b"tw", b"x" * 200_000])
def test_a_half_written_line_is_cut_off_when_reopened(tmp_path, half):
    (tmp_path / "a").write_bytes(b"one\n" + half)
    file = AppendFile(tmp_path / "a")
    file.append(b"two")
    file.flush()
    assert (tmp_path / "a").read_bytes() == b"one\ntwo\n"


def test_a_file_without_any_whole_line_becomes_empty(tmp_path):
    (tmp_path / "a").write_bytes(b"on")
    assert list(AppendFile(tmp_path / "a").read_from(0)) == []


def test_replacing_swaps_the_contents_and_appends_go_on(tmp_path):
    file = AppendFile(tmp_path / "a")
    file.append(b"old")
    file.replace([b"new"])
    assert file.append(b"next") == 4
    file.flush()
    assert (tmp_path / "a").read_bytes() == b"new\nnext\n"
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_is_never_ahead_of_the_one_that_it_comes_after(tmp_path):
    bodies = AppendFile(tmp_path / "bodies")
    ledger = AppendFile(tmp_path / "ledger", after=bodies)
    bodies.append(b"body")
    ledger.append(b"entry")
    ledger.flush()
    assert (tmp_path / "bodies").read_bytes() == b"body\n"


def test_what_a_full_disk_refused_is_written_later(tmp_path, monkeypatch):
    file = AppendFile(tmp_path / "a")
    file.append(b"0123456789")
    real_write = os.write
    monkeypatch.setattr(os, "write", half_then_full(real_write))
    with pytest.raises(OSError, match="No space"):
        file.flush()
    monkeypatch.setattr(os, "write", real_write)
    file.flush()
    assert (tmp_path / "a").read_bytes() == b"0123456789\n"


def half_then_full(real_write):
    written = []

    def write(fd, data):
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(real_write(fd, data[:5]))
        return written[0]

    return write


def test_a_directory_in_its_place_is_one_clear_sentence(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(CannotStart, match="give another --data directory"):
        AppendFile(tmp_path / "a")


def test_closing_twice_is_fine(tmp_path):
    file = AppendFile(tmp_path / "a")
    file.append(b"one")
    file.close()
    file.close()
    assert (tmp_path / "a").read_bytes() == b"one\n"
