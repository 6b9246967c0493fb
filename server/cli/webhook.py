"""`treeex webhook`: what Meta sent, what became of it, and how to apply it again.

Bodies hold what people wrote. They go to standard output only, and only when one is asked for by its id.
"""

import base64
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from server.cli.output import Json, facts, plain, show, show_list, write_json
from server.cli.running import ask
from server.domain.enums import WebhookState
from server.domain.errors import Refused

if TYPE_CHECKING:
    from server.services.bundle import Services
    from server.services.reprocessing import Difference

app = typer.Typer(help="Webhooks that Meta sent, byte for byte.", no_args_is_help=True)

Ids = Annotated[list[UUID], typer.Argument(help="One or more ids, as `list` shows them.", show_default=False)]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
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


@app.command()
def reprocess(
    since: Annotated[datetime, typer.Option(formats=_TIMES, help="Bodies that came from then on (UTC).")],
    until: Annotated[datetime | None, typer.Option(formats=_TIMES, help="And before then; now if not given.")] = None,
    only_field: Annotated[str | None, typer.Option("--field", help="Only bodies with this field of Meta's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Apply stored bodies with this version's parser, and show what that adds to what was applied before.

    What was applied is not applied again. Bodies that still wait for their worker are left to it.
    """
    found = ask(lambda services: _differences(services, _utc(since), _utc(until), only_field, dry_run))
    changed = [difference for difference in found if difference]
    if as_json:
        write_json({"dry_run": dry_run, "looked_at": len(found), "changed": [facts(one) for one in changed]})
        return
    for difference in changed:
        print("\n".join(_as_lines(difference)))
    verb = "would change" if dry_run else "changed"
    print(f"{len(found)} bodies looked at, {len(changed)} {verb}")


async def _differences(
    services: "Services", since: datetime | None, until: datetime | None, only_field: str | None, dry_run: bool
) -> list["Difference"]:
    if services.reprocessing is None or since is None:
        raise Refused("unavailable", "The workers' database is not known; set TREEEX_WORKER_DATABASE_URL")
    run = services.reprocessing.run(
        since=since, until=until or datetime.now(UTC), only_field=only_field, dry_run=dry_run
    )
    return [difference async for difference in run]


def _as_lines(difference: "Difference") -> Iterator[str]:
    """A body, then a line for each event that is new, each word that is true no more and each that is now."""
    yield f"{difference.id}  {plain(difference.received_at)}  {plain(difference.fields)}"
    for kind, count in sorted(Counter(event.type for event in difference.events).items()):
        yield f"  + {kind}" + (f" × {count}" if count > 1 else "")
    yield from (f"  - {_readable_line(said)}" for said in difference.gone)
    yield from (f"  ! {_readable_line(said)}" for said in difference.come)
    if difference.error is not None:
        yield f"  ! not applied: {_readable_line(difference.error)}"


def _readable_line(said: str) -> str:
    return "".join(map(_harmless, said.replace("\n", " ")))


def _utc(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def _readable(body: bytes) -> dict[str, Any]:
    """The body as text where it is text, else in base64."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _harmless(character: str) -> str:
    """A terminal must not be commanded by what somebody sent."""
    return character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1]
