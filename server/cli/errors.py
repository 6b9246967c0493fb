"""`treeex errors`: the catalogue of error codes and exit statuses. docs/errors.md is its Markdown."""

from typing import Annotated, Any

import typer

from server.cli.faults import MEANINGS
from server.cli.output import Json, write_json
from server.domain.errors import CATALOGUE
from server.domain.field_errors import FIELD_CATALOGUE


def errors(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/errors.md.")] = False, as_json: Json = False
) -> None:
    """List every error code and exit status, with what to do about it."""
    if as_json:
        write_json(catalogue())
    elif markdown:
        typer.echo(as_markdown(), nl=False)
    else:
        for problem in CATALOGUE.values():
            print(f"{problem.code} ({problem.status}): {problem.title}. {problem.mend}")


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Everything that this product can answer with, besides success."""
    return {
        "problems": [
            {"code": it.code, "status": it.status, "title": it.title, "mend": it.mend} for it in CATALOGUE.values()
        ],
        "fields": [{"code": it.code, "message": it.message, "mend": it.mend} for it in FIELD_CATALOGUE.values()],
        "exit_statuses": [
            {"status": int(status), "meaning": meaning, "mend": mend} for status, (meaning, mend) in MEANINGS.items()
        ],
    }


def as_markdown() -> str:
    """The text of docs/errors.md."""
    known = catalogue()
    lines = [
        "# Errors",
        "",
        "Every refusal of the API is `application/problem+json` (RFC 9457) with a stable `code`. Printed by",
        "`treeex errors --markdown`.",
        "",
        "| code | HTTP status | what it says | how to mend it |",
        "|---|---|---|---|",
        *(f"| `{it['code']}` | {it['status']} | {it['title']} | {it['mend']} |" for it in known["problems"]),
        "",
        "## Fields",
        "",
        "Entries of `errors` in `invalid_request`, each with the `path` of its field.",
        "",
        "| code | what it says | how to mend it |",
        "|---|---|---|",
        *(f"| `{it['code']}` | {it['message']} | {it['mend']} |" for it in known["fields"]),
        "",
        "## Exit statuses of `treeex`",
        "",
        "| status | meaning | how to mend it |",
        "|---|---|---|",
        *(f"| {it['status']} | {it['meaning']} | {it['mend']} |" for it in known["exit_statuses"]),
    ]
    return "\n".join(lines) + "\n"
