"""docs/errors.md and the exit statuses."""

from pathlib import Path

import pytest

from server.bootstrap import CannotReach, CannotStart, NotConfigured
from server.cli.errors import as_markdown, catalogue
from server.cli.faults import MEANINGS, Exit, explain
from server.core.config import SettingsInvalid
from server.core.crypto import CannotDecrypt, KeyringInvalid
from server.domain.errors import CATALOGUE, Refused
from server.embedded import EmbeddedError
from server.migrations.runner import SchemaBehind

DOCUMENT = Path(__file__).parents[3] / "docs" / "errors.md"


def test_the_document_is_what_the_command_prints() -> None:
    assert DOCUMENT.read_text("utf-8") == as_markdown(), "run `treeex errors --markdown > docs/errors.md`"


def test_every_code_and_status_is_in_it() -> None:
    text = as_markdown()
    for code in CATALOGUE:
        assert f"| `{code}` |" in text
    assert set(MEANINGS) == set(Exit)
    assert [entry["status"] for entry in catalogue()["exit_statuses"]] == sorted(Exit)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsInvalid(["one; mend", "two; mend"]), Exit.CONFIGURATION),
        (KeyringInvalid("it is not one; make one"), Exit.CONFIGURATION),
        (CannotDecrypt("it was changed"), Exit.CONFIGURATION),
        (CannotStart("the port is taken; choose another"), Exit.CONFIGURATION),
        (NotConfigured("no database is known; start one"), Exit.CONFIGURATION),
        (CannotReach("it does not answer; start it"), Exit.UNREACHABLE),
        (ConnectionRefusedError(), Exit.UNREACHABLE),
        (Refused("meta_unreachable"), Exit.UNREACHABLE),
        (Refused("unavailable"), Exit.UNREACHABLE),
        (Refused("not_found"), Exit.REFUSED),
        (SchemaBehind("it is behind; run `treeex migrate`"), Exit.SCHEMA),
        (EmbeddedError("the disk is full", "free some"), Exit.EMBEDDED),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (ZeroDivisionError(), Exit.FAILED),
    ],
)
def test_whatever_is_raised_has_a_status_and_a_sentence(error: BaseException, status: Exit) -> None:
    fault = explain(error)
    assert fault.status == status
    assert fault.text
    assert "Traceback" not in fault.text


def test_the_unexpected_does_not_quote_what_it_stumbled_over() -> None:
    assert "hush" not in explain(ValueError("hush")).text
