"""`treeex key`: make, list and revoke API keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli import workspace
from server.cli.output import Json, facts, show, show_list
from server.cli.running import ask
from server.domain.enums import Scope

if TYPE_CHECKING:
    from server.services.bundle import Services

app = typer.Typer(help="API keys of a workspace.", no_args_is_help=True)

_COLUMNS = ("key_id", "name", "environment", "scopes", "created_at", "expires_at", "revoked_at")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for.")] = "unnamed",
    workspace_name: workspace.Chosen = None,
    scope: Annotated[list[Scope] | None, typer.Option(help="May be repeated; all scopes unless given.")] = None,
    test: Annotated[bool, typer.Option("--test", help="A key of the test environment.")] = False,
    expires_at: Annotated[datetime | None, typer.Option(help="When it ends, in UTC; never unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Make an API key. It is shown once."""
    from datetime import UTC

    async def make(services: "Services") -> dict[str, Any]:
        made = await services.api_keys.create(
            await workspace.chosen(services, workspace_name),
            name=name,
            scopes=frozenset(scope or Scope),
            environment="test" if test else "live",
            expires_at=None if expires_at is None else expires_at.replace(tzinfo=UTC),
        )
        return {"api_key": made.token, **facts(made.info)}

    show(ask(make), as_json=as_json)
    if not as_json:
        typer.echo("Keep the key now: it is not shown again.", err=True)


@app.command("list")
def list_all(workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """List the keys of a workspace, newest first."""

    async def find(services: "Services") -> list[dict[str, Any]]:
        found = await services.api_keys.list(await workspace.chosen(services, workspace_name))
        return [facts(key) for key in found]

    show_list(ask(find), _COLUMNS, as_json=as_json, none="there is no API key; `treeex key create`")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The 12 characters that `treeex key list` shows.")],
    workspace_name: workspace.Chosen = None,
    as_json: Json = False,
) -> None:
    """End a key at once."""

    async def end(services: "Services") -> dict[str, Any]:
        return facts(await services.api_keys.revoke(await workspace.chosen(services, workspace_name), key_id))

    show(ask(end), as_json=as_json)
