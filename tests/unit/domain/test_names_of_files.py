"""Names that somebody else gave files."""

import pytest

from server.domain.media import FILENAME_MAX, safe_name


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\photo.jpg", "photo.jpg"),
        ("a\x00b\r\nc\u202e.txt", "abc.txt"),
        ("räkning 7.pdf", "räkning 7.pdf"),
        ("folder/", None),
        ("\t", None),
        (None, None),
    ],
)
def test_only_the_name_itself_is_kept(told: str | None, name: str | None) -> None:
    assert safe_name(told) == name


def test_a_long_name_keeps_its_ending() -> None:
    found = safe_name("x" * 1000 + ".pdf")
    assert found == "x" * (FILENAME_MAX - 4) + ".pdf"
    assert safe_name("y" * 1000) == "y" * FILENAME_MAX
