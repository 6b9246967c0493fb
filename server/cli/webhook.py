"""`treeex webhook`: what Meta sent, what became of it, and how to apply it again.

Bodies hold what people wrote. They go to standard output only, and only when one is asked for by its id.
"""

import base64
import sys
from typing import Annotated, Any
from uuid import UUID

import typer

from server.cli.output import Json, facts, show, show_list, write_json
from server.cli.running import ask
from server.domain.enums import WebhookState

app = typer.Typer(help="Webhooks that Meta sent, byte for byte.", no_args_is_help=True)

Ids = Annotated[list[UUID], typer.Argument(help="One or more ids, as `list` shows them.", show_default=False)]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
_COLUMNS = ("id", "received_at", "app", "bytes", "state", "attempts", "error")


@app.command("list")
def list_all(
    state: Annotated[WebhookState | None, typer.Option(help="Only those in this state.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Only those that came before this id.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List webhooks, the newest first."""
    found = ask(lambda services: services.webhook_archive.recent(state=state, before=before, limit=limit))
    show_list([facts(webhook) for webhook in found], _COLUMNS, as_json=as_json, none="there is no such webhook")


@app.command("show")
def show_one(
    webhook_id: Annotated[UUID, typer.Argument(help="As `list` shows it.")],
    as_json: Json = False,
) -> None:
    """Print one body as it came; what was not applied of it goes to standard error."""
    found = ask(lambda services: services.webhook_archive.show(webhook_id))
    failures = [facts(failure) for failure in found.failures]
    if as_json:
        write_json({"id": found.id, "failures": failures, **_readable(found.body)})
        return
    for failure in failures:
        print(f"change {failure['change_index']}: {failure['kind']}, {failure['error']}", file=sys.stderr)
    if sys.stdout.isatty():
        print("".join(map(_harmless, found.body.decode("utf-8", "backslashreplace"))))
        return
    sys.stdout.buffer.write(found.body)
    sys.stdout.buffer.flush()


@app.command()
def replay(ids: Ids, as_json: Json = False) -> None:
    """Apply bodies again with this version's parser. What they did before is not done twice."""
    count = ask(lambda services: services.webhook_archive.replay(ids))
    show({"replayed": count}, as_json=as_json)


def _readable(body: bytes) -> dict[str, Any]:
    """The body as text where it is text, else in base64."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _harmless(character: str) -> str:
    """A terminal must not be commanded by what somebody sent."""
    return character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1]
