"""What the documents name exists: files, commands, settings, decisions."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from server.cli.app import app
from server.core.config import NOT_SETTINGS, PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("simulator/*.md")])
EXAMPLES = {"TREEEX_DATABSE_URL"}
"""A name that is wrong on purpose."""
OF_THE_TESTS = {"TREEEX_CHAOS_KILLS", "TREEEX_SCHEMATHESIS_EXAMPLES"}
"""How much the tests do; the product does not know them."""
MADE_LATER = ("treeex bench",)
"""Commands that the contributing rules speak of before they are there."""

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def code_of(text: str) -> list[str]:
    """What stands in code blocks, line by line, and between backticks."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    wrapped = re.findall(r"`([^`\n]+\n[^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [line for block in blocks for line in block.splitlines()] + inline + [" ".join(w.split()) for w in wrapped]


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@every_document
def test_paths_exist(document: Path) -> None:
    named = re.findall(r"`((?:server|simulator|tests|tools|docs)/[\w./*-]+)`", document.read_text("utf-8"))
    missing = [path for path in named if not list(ROOT.glob(path.rstrip("/")))]
    assert missing == []


@every_document
def test_commands_exist(document: Path) -> None:
    root = typer.main.get_command(app)
    missing = []
    for line in code_of(document.read_text("utf-8")):
        match = re.match(r"(?:\./)?treeex((?: [a-z][a-z-]*)*)", line)
        if match and match[1] and not line.startswith(MADE_LATER):
            missing += [line] if not _is_command(root, match[1].split()) else []
    assert missing == []


def _is_command(command: Any, words: list[str]) -> bool:
    if words[0] in ("test", "bench"):  # the script's own
        return True
    for word in words:
        commands = getattr(command, "commands", None)
        if commands is None:
            return bool(command.params)  # the word is an argument
        if word not in commands:
            return False
        command = commands[word]
    return True


@every_document
def test_settings_are_known(document: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", document.read_text("utf-8")))
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(NOT_SETTINGS) | EXAMPLES | OF_THE_TESTS
    assert named <= known


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    folder = ROOT / "docs" / "adr"
    pages = sorted(folder.glob("0*.md"))
    listed = re.findall(
        r"^\| \[(\d{4})\]\((.+?)\) \| (.+?)(?: \(not built yet\))? \|$",
        (folder / "README.md").read_text(),
        re.MULTILINE,
    )
    assert [(name[:4], name) for name in (page.name for page in pages)] == [
        (number, name) for number, name, _ in listed
    ]
    for page, (number, _, title) in zip(pages, listed, strict=True):
        text = page.read_text("utf-8")
        assert text.startswith(f"# {number} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Alternatives refused",
            "Consequences",
        ]
        assert len(title) > 10


def test_the_map_is_short() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()) <= 200


def test_the_map_shows_the_layers_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [re.sub(r"\(\w+\)", "", layer) for layer in contracts[0]["layers"]]
    wanted = [" | ".join(part.strip() for part in layer.split("|") if part.strip()) for layer in layers]
    assert "\n".join(wanted) in (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def test_the_map_shows_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    packages = {path.parent.name for path in (ROOT / "server").glob("*/__init__.py")}
    assert {package for package in packages if f"{package}/" not in text} == set()


def test_the_log_events_that_an_operator_looks_for_are_logged() -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    rows = re.findall(
        r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", page.split("Lines to look for:")[1].split("\n## ")[0], re.MULTILINE
    )
    named = re.findall(r"`(\w+)`", " ".join(rows))
    code = "".join(path.read_text("utf-8") for path in (ROOT / "server").rglob("*.py"))
    assert len(named) > 5
    assert [name for name in named if f'"{name}"' not in code] == []
