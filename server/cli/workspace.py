"""`treeex workspace`: make and list workspaces. Also finds the workspace that other commands are about."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from server.cli.output import Json, facts, show, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.services.bundle import Services

app = typer.Typer(help="Workspaces: each has its own numbers, keys and messages.", no_args_is_help=True)

Chosen = Annotated[
    str | None,
    typer.Option(
        "--workspace", "-w", help="Its id or its name. Not needed while there is only one.", show_default=False
    ),
]


@app.command()
def create(name: Annotated[str, typer.Argument(help="1 to 200 characters.")], as_json: Json = False) -> None:
    """Make a workspace with an encryption key of its own."""
    show(facts(ask(lambda services: services.workspaces.create(name))), as_json=as_json)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List all workspaces."""
    found = [facts(workspace) for workspace in ask(lambda services: services.workspaces.list())]
    show_list(
        found, ("id", "name", "created_at"), as_json=as_json, none="there is no workspace; `treeex workspace create`"
    )


async def chosen(services: "Services", wanted: str | None) -> UUID:
    """The id of the workspace meant. Raises Refused("not_found") when it is not there or not clear."""
    from server.domain.errors import Refused

    known = await services.workspaces.list()
    if wanted is None and len(known) == 1:
        return known[0].id
    if wanted is None:
        problem = (
            "There is no workspace yet" if not known else "There are several workspaces; name one with --workspace"
        )
        raise Refused("not_found", problem)
    found = [workspace.id for workspace in known if wanted in (str(workspace.id), workspace.name)]
    if len(found) != 1:
        raise Refused("not_found", f"{'No workspace' if not found else 'More than one workspace'} is called {wanted}")
    return found[0]
