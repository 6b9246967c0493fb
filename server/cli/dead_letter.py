"""`treeex dead-letter`: what was given up after its last attempt, and how to try it again."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from server.cli.output import Json, facts, show, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.services.bundle import Services

app = typer.Typer(help="Webhooks that could not be applied.", no_args_is_help=True)

_COLUMNS = ("id", "change_index", "error", "created_at")
_AT_ONCE = 1000


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=_AT_ONCE, help="How many.")] = 50, as_json: Json = False
) -> None:
    """List them, the newest first. Change -1 is the whole body."""
    found = ask(lambda services: services.webhook_archive.dead_letters(limit=limit))
    show_list([facts(letter) for letter in found], _COLUMNS, as_json=as_json, none="there is no dead letter")


@app.command()
def replay(
    ids: Annotated[
        list[UUID] | None, typer.Argument(help="One or more ids, as `list` shows them.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, up to 1,000.")] = False,
    as_json: Json = False,
) -> None:
    """Try again with this version's parser. What was applied before is not applied twice."""
    if everything == bool(ids):
        raise typer.BadParameter("name ids, or give --all")

    async def work(services: "Services") -> int:
        archive = services.webhook_archive
        chosen = ids or list({letter.id for letter in await archive.dead_letters(limit=_AT_ONCE)})
        return await archive.replay(chosen)

    show({"replayed": ask(work)}, as_json=as_json)
