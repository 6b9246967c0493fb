"""docs/webhooks.md says what the parser and the samples say, of every field and every type of message."""

import re
import subprocess
import sys
from pathlib import Path

from server.whatsapp.parser import FIELDS
from server.whatsapp.parser.messages import TYPES

ROOT = Path(__file__).parents[3]
SCRIPT, DOCUMENT = ROOT / "tools" / "webhook_table.py", ROOT / "docs" / "webhooks.md"


def test_the_page_is_in_step() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_has_every_field_and_every_type() -> None:
    page = DOCUMENT.read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(FIELDS)
    assert set(TYPES) - {"system"} <= set(re.findall(r"a message of type (\w+)", page))
