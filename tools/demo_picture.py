"""Draws what `treeex demo` prints, for the README.

    ./treeex demo 2>&1 | .venv/bin/python tools/demo_picture.py > docs/images/demo.svg

Needs nothing but the text: fonts are those of whoever looks at the picture, and nothing is fetched.
"""

from __future__ import annotations

import io
import re
import sys

from rich.console import Console
from rich.text import Text

COLUMNS = 100
COMMAND = "$ ./treeex demo"
FONT = "ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace"
STYLES = (
    (r"\$ .*", "bold green"),
    (r"accepted \d+/\d+, .*", "cyan"),
    (r"  (lost|duplicated|held) +0 .*", "bold green"),
    (r"  .*|", ""),
    (r".*", "bold"),
)
"""The first that fits a whole line."""


def picture(said: str) -> str:
    """The SVG of a terminal in which this was printed."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    for line in [COMMAND, *said.splitlines()]:
        console.print(Text(line, next(style for pattern, style in STYLES if re.fullmatch(pattern, line))))
    drawn = _without_font_files(console.export_svg(title="treeex demo", unique_id="demo"))
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def _without_font_files(drawn: str) -> str:
    """Rich would have a font fetched from a server."""
    drawn = re.sub(r" *(<!--.*?-->|@font-face \{.*?\})\n", "", drawn, flags=re.DOTALL)
    return drawn.replace("Fira Code, monospace", FONT)


if __name__ == "__main__":
    sys.stdout.write(picture(sys.stdin.read()))
