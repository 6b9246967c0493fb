"""`treeex dead-letter`: what was given up after its last attempt, and how to try it again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from server.cli.output import Json, facts, show, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.services.bundle import Services

app = typer.Typer(help="Webhooks that could not be applied, and files that could not be fetched.", no_args_is_help=True)

_COLUMNS = ("kind", "id", "change_index", "error", "created_at")
_AT_ONCE = 1000


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=_AT_ONCE, help="How many.")] = 50, as_json: Json = False
) -> None:
    """List them, the newest first. Change -1 is the whole body; the id of a file is that of its message."""
    found = ask(lambda services: _letters(services, limit))
    show_list(found, _COLUMNS, as_json=as_json, none="there is no dead letter")


@app.command()
def replay(
    ids: Annotated[
        list[UUID] | None, typer.Argument(help="One or more ids, as `list` shows them.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, up to 1,000.")] = False,
    as_json: Json = False,
) -> None:
    """Try again, webhooks with this version's parser. What was applied before is not applied twice."""
    if everything == bool(ids):
        raise typer.BadParameter("name ids, or give --all")

    async def work(services: "Services") -> int:
        return await _replay(services, ids or [letter["id"] for letter in await _letters(services, _AT_ONCE)])

    show({"replayed": ask(work)}, as_json=as_json)


async def _letters(services: "Services", limit: int) -> list[dict[str, Any]]:
    bodies = await services.webhook_archive.dead_letters(limit=limit)
    files = await services.inbound_media.dead(limit=limit)
    found = [{"kind": "webhook", **facts(body)} for body in bodies] + [_file(facts(file)) for file in files]
    return sorted(found, key=lambda letter: letter["created_at"], reverse=True)[:limit]


def _file(dead: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "file", "id": dead.pop("message_id"), "change_index": None, **dead}


async def _replay(services: "Services", ids: Sequence[UUID]) -> int:
    """Ids of dead files are those of messages; every other has to be a webhook's."""
    files = await services.inbound_media.replay(ids)
    webhooks = set(ids) - files
    return len(files) + (await services.webhook_archive.replay(list(webhooks)) if webhooks else 0)
