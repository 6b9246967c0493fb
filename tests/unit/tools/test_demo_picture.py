"""The README's picture of the demo: drawn by the tool, fetching nothing, and of the demo as it is."""

import html
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from server.cli.demo.cuts import Cuts, rules, sentences
from server.cli.demo.report import MEANINGS
from server.cli.demo.scene import PEOPLE

ROOT = Path(__file__).parents[3]
SAID = "Starting PostgreSQL\naccepted 1/200, sent 0/200\n\n  held             0   left <undecided>\nStopping\n"


def draw(said: str) -> str:
    command = [sys.executable, str(ROOT / "tools" / "demo_picture.py")]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=True).stdout


def lines_of(picture: str) -> list[str]:
    """What stands in a picture, line by line: each begins at the left edge and has one style."""
    texts = re.findall(r'<text class="demo-r\d+" x="0" [^>]*>([^<]*)</text>', picture)
    return [html.unescape(text).replace("\xa0", " ") for text in texts]


def test_every_line_is_shown() -> None:
    assert lines_of(draw(SAID)) == ["$ ./treeex demo", *filter(None, SAID.splitlines())]


def test_it_is_xml_and_fetches_nothing() -> None:
    picture = draw(SAID)
    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert "url(http" not in picture
    assert "@font-face" not in picture


def test_the_picture_of_the_readme_shows_the_demo_as_it_is() -> None:
    shown = lines_of((ROOT / "docs" / "images" / "demo.svg").read_text("utf-8"))
    kinds = [rule["kind"] for rule in rules([str(place) for place in range(PEOPLE)])]
    after, before = kinds.count("drop_after"), kinds.count("drop_before")
    wanted = sentences(Cuts(after=after, settled_by_status=after, before=before, sent_again=before, example=None))
    assert [line for line in wanted if line not in shown] == []
    assert [name for name in MEANINGS if not any(line.startswith(f"  {name} ") for line in shown)] == []
