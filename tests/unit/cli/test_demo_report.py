"""How the demo shows its counts."""

from server.cli.demo.report import in_columns


def test_the_columns_are_read_downwards() -> None:
    lines = in_columns({"text": 100, "image": 3, "video": 3, "pin": 12})
    assert [line.split() for line in lines] == [["text", "100", "video", "3"], ["image", "3", "pin", "12"]]
    assert len({line.index(count) + len(count) for line, count in zip(lines, ("100", "3"), strict=True)}) == 1


def test_nothing_went_out() -> None:
    assert in_columns({}) == []
