"""Writes docs/simulator-coverage.md: what of Meta's API the simulator has, and what checks it.

Read from the simulator's own tables and those of the conformance tests, and from Meta's OpenAPI description, which is
found as the conformance tests find it. With `--check` nothing is written; what is out of step is said.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, get_args

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import yaml  # type: ignore[import-untyped]  # noqa: E402  # untyped; after the path

from simulator.faults.rules import AnyRule  # noqa: E402
from simulator.graph.content.interactive import KINDS  # noqa: E402
from simulator.graph.content.template_buttons import BUTTON_KINDS  # noqa: E402
from simulator.graph.content.types import TYPES  # noqa: E402
from simulator.graph.router import ENDPOINTS  # noqa: E402
from simulator.meta_errors import rows  # noqa: E402
from simulator.payloads.fields import FIELDS, WITHOUT_PAYLOAD  # noqa: E402
from simulator.payloads.messages import AnyContent  # noqa: E402
from simulator.payloads.statuses import StatusName  # noqa: E402
from simulator.sample_templates import SAMPLES  # noqa: E402
from tests.conformance import webhook_examples as examples  # noqa: E402
from tests.conformance.pywa_sends import SENDS  # noqa: E402
from tests.conformance.reference import folder, samples  # noqa: E402

DOCUMENT: Final = ROOT / "docs" / "simulator-coverage.md"

_NODE_OF: Final = {
    "Phone-Number-ID": "number",
    "WhatsApp-Account-Number-ID": "number",
    "WABA-ID": "account",
    "Media-ID": "media",
    "TEMPLATE_ID": "template",
    "Application-ID": "app",
}
_METHODS: Final = ("get", "post", "put", "delete")
_ELSEWHERE: Final = {"/{Version}/{Media-URL}": "present", "/whatsapp/webhooks": "present: sent by the simulator"}
_CODES_NAMED_IN: Final = ("meta_errors.py", "payloads/errors.py", "faults/plans.py")

# The one in C reads the description ten times as fast.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CODE: Final = re.compile(r"(?:(?<=code=)|(?<=GraphError\()|\b(?=\d{5})|(?<=^    )(?=368: ))\d+", re.MULTILINE)

_HEAD: Final = """# What the simulator covers

Written by `.venv/bin/python tools/simulator_coverage.py` from the simulator's own tables, those of the conformance
tests and Meta's OpenAPI description; a test holds it in step. What is "later" is not there: it is refused as an unknown
path. What checks a thing is named: *samples* (recorded or published payloads of that kind), *pywa* (a client of others
sends it), or *documented fields only*. The description's examples and schemas are held against the simulator by
`tests/conformance/test_messages_of_meta.py` and `test_webhook_builders.py`.
"""


def document() -> str:
    parts = [_HEAD]
    for title, columns, lines in _tables():
        head = f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
        parts.append(head + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    return "".join(parts)


def _tables() -> Iterator[tuple[str, tuple[str, ...], Iterable[tuple[str, ...]]]]:
    yield "Graph endpoints of Meta's OpenAPI", ("method", "path", "state"), _of_openapi()
    yield "Endpoints that it does not name", ("node", "edge", "methods"), _besides_openapi()
    yield "Types of messages", ("type", "checked by"), [(f"`{name}`", _sent(name)) for name in sorted(TYPES)]
    kinds = [(f"`{name}`", _sent(f"interactive/{name}")) for name in sorted(KINDS)]
    yield "Kinds of interactive messages", ("kind", "checked by"), kinds
    yield "Components of templates", ("component", "sample templates with it"), _components()
    yield "Webhook fields", ("field", "checked by"), _fields()
    inbound = [(f"`{name}`", _told(f"messages:{name}")) for name in sorted(_inbound_types())]
    yield "Inbound messages", ("type", "checked by"), inbound
    statuses = [(f"`{name}`", _told(f"messages:status.{name}")) for name in get_args(StatusName)]
    yield "Statuses", ("status", "checked by"), statuses
    yield "Error codes", ("code", "where Meta has it", "how it comes here", "title"), _errors()
    faults = [(f"`{rule.__struct_config__.tag}`",) for rule in get_args(AnyRule)]
    yield "Planned faults", ("kind",), sorted(faults)


@cache
def _openapi() -> dict[str, dict[str, object]]:
    (file, *_) = sorted(folder().glob("business-messaging-api_v*.yaml"), reverse=True)
    paths: dict[str, dict[str, object]] = yaml.load(file.read_text("utf-8"), _LOADER)["paths"]  # noqa: S506  # a safe one
    return paths


def _of_openapi() -> Iterator[tuple[str, ...]]:
    for path, operations in sorted(_openapi().items()):
        for method in _METHODS:
            if method in operations:
                yield method.upper(), f"`{path}`", _state(method.upper(), path)


def _state(method: str, path: str) -> str:
    kind, edge = _place(path)
    if method in ENDPOINTS.get(kind, {}).get(edge, ()):
        return "present"
    return _ELSEWHERE.get(path, "later: management")


def _place(path: str) -> tuple[str, str]:
    node, _, edge = path.removeprefix("/{Version}/").partition("/")
    return _NODE_OF.get(node.strip("{}"), ""), edge


def _besides_openapi() -> Iterator[tuple[str, ...]]:
    described: set[tuple[str, str, str]] = set()
    for path, operations in _openapi().items():
        described |= {(*_place(path), method.upper()) for method in operations}
    for kind, edges in ENDPOINTS.items():
        for edge, methods in edges.items():
            others = sorted(method for method in methods if (kind, edge, method) not in described)
            if others:
                yield kind, f"`{edge}`" if edge else "the node itself", ", ".join(others)


def _sent(becomes: str) -> str:
    checks = ["pywa"] if any(call.becomes == becomes for call in SENDS) else []
    type_, _, kind = becomes.partition("/")
    requests = [sample.payload for sample in samples("requests") if isinstance(sample.payload, dict)]
    if any(one.get("type") == type_ and _kind_of(one, kind) for one in requests):
        checks.append("samples")
    return ", ".join(checks) or "documented fields only"


def _kind_of(request: dict[str, object], kind: str) -> bool:
    interactive = request.get("interactive")
    return not kind or (isinstance(interactive, dict) and interactive.get("type") == kind)


def _components() -> Iterator[tuple[str, ...]]:
    names = {*BUTTON_KINDS, "HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER"}
    for name in sorted(names):
        having = sorted({template for template, _, body in SAMPLES if f"'{name}'" in str(body)})
        yield f"`{name}`", ", ".join(having) or "none"


def _fields() -> Iterator[tuple[str, ...]]:
    subtypes = {sample.subtype.partition(":")[0] for sample in samples("webhooks")}
    for name in sorted({*FIELDS, "messages"}):
        checks = ["samples"] if name in subtypes else []
        if name != "messages" and not any(field == name for field, _ in examples.FIELDS):
            checks.append("no example")
        yield f"`{name}`", ", ".join(checks) or "documented fields only"
    for name in WITHOUT_PAYLOAD:
        yield f"`{name}`", "no known payload; told as it is, through `/_sim/webhooks/raw`"


def _inbound_types() -> set[str]:
    return {str(content.__struct_config__.tag) for content in get_args(AnyContent)}


def _told(subtype: str) -> str:
    known = [sample.subtype for sample in samples("webhooks")]
    found = any(one == subtype or one.startswith((f"{subtype}.", f"{subtype}+")) for one in known)
    return "samples" if found else "documented fields only"


def _errors() -> Iterator[tuple[str, ...]]:
    named = _codes_in_the_code()
    where = {"sync": "answer", "async": "webhook", "both": "answer and webhook"}
    for row in rows():
        code = (
            str(row.code) + (f"/{row.subcode}" if row.subcode else "") + (f"-{row.last_code}" if row.last_code else "")
        )
        itself = row.code in named and row.subcode in (None, *named) and row.last_code is None
        yield code, where[row.where], "by itself, or planned" if itself else "by a planned fault", row.title


def _codes_in_the_code() -> set[int]:
    """Short ones only where they are given as a code: other numbers look like them."""
    files = [path for path in (ROOT / "simulator").rglob("*.py") if not path.as_posix().endswith(_CODES_NAMED_IN)]
    texts = [path.read_text("utf-8").replace("_000", "000") for path in files]
    return {int(number) for text in texts for number in _CODE.findall(text)}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, and say whether it is out of step")
    wanted = document()
    if not parser.parse_args(arguments).check:
        DOCUMENT.write_text(wanted, "utf-8")
    elif DOCUMENT.read_text("utf-8") != wanted:
        print("docs/simulator-coverage.md is out of step: run `.venv/bin/python tools/simulator_coverage.py`")
        return 1
    print("docs/simulator-coverage.md is in step.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
