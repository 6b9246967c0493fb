"""`treeex message`: look at one message, call it back, and decide about one that is in doubt."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from server.cli import workspace
from server.cli.output import Json, show, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.services.bundle import Services

app = typer.Typer(help="Messages of a workspace.", no_args_is_help=True)

MessageId = Annotated[UUID, typer.Argument(help="The id of the message here.")]


@app.command("show")
def show_message(message_id: MessageId, workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """Show a message: its state, its times, and why it waits."""

    async def work(services: "Services") -> Any:
        return await services.messages.get(await workspace.chosen(services, workspace_name), message_id)

    show(ask(work).model_dump(by_alias=True), as_json=as_json)


@app.command()
def timeline(message_id: MessageId, workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """Show everything that happened to a message."""

    async def work(services: "Services") -> Any:
        return await services.messages.timeline(await workspace.chosen(services, workspace_name), message_id)

    entries = [entry.model_dump() for entry in ask(work).data]
    show_list(entries, ("at", "kind", "title"), as_json=as_json, none="nothing has happened")


@app.command()
def cancel(message_id: MessageId, workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """Cancel a message that has not left. It will never be sent."""

    async def work(services: "Services") -> Any:
        workspace_id = await workspace.chosen(services, workspace_name)
        await services.messages.get(workspace_id, message_id)
        await services.cancellations.cancel(workspace_id, message_id)
        return await services.messages.get(workspace_id, message_id)

    show(ask(work).model_dump(by_alias=True), as_json=as_json)


@app.command()
def resolve(
    message_id: MessageId,
    resolution: Annotated[str, typer.Option("--as", help="retry, sent or failed.")],
    workspace_name: workspace.Chosen = None,
    as_json: Json = False,
) -> None:
    """Decide about a message that is `unknown` or `held`."""
    from server.services.reconciliation import Resolution

    if resolution not in set(Resolution):
        raise typer.BadParameter("choose retry, sent or failed", param_hint="--as")

    async def work(services: "Services") -> Any:
        workspace_id = await workspace.chosen(services, workspace_name)
        await services.messages.get(workspace_id, message_id)
        await services.resolutions.resolve(workspace_id, message_id, Resolution(resolution))
        return await services.messages.get(workspace_id, message_id)

    show(ask(work).model_dump(by_alias=True), as_json=as_json)
