"""`treeex queue`: what waits on each number."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from server.cli import workspace
from server.cli.output import Json, show_list
from server.cli.running import ask

if TYPE_CHECKING:
    from server.services.bundle import Services


def show_queue(workspace_name: workspace.Chosen = None, as_json: Json = False) -> None:
    """Show what waits to be sent: depth, rate and expected end for each number and lane."""

    async def work(services: "Services") -> Any:
        return await services.queues.waiting(await workspace.chosen(services, workspace_name))

    rows = [asdict(waiting) for waiting in ask(work)]
    columns = ("number", "lane", "state", "messages", "rate_mps", "done_at", "pause_reason")
    show_list(rows, columns, as_json=as_json, none="no number is connected")
