"""`treeex demo`: its options. The rest is imported when it runs, so that help is quick."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object when it ends.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave everything running afterwards, until Ctrl-C.")]
DataDir = Annotated[
    Path | None, typer.Option(help="An empty folder to work in and to leave behind.", show_default="a temporary one")
]


def demo(as_json: AsJson = False, keep: Keep = False, data_dir: DataDir = None) -> None:
    """Send 200 messages of every type to 100 simulated people who answer in kind, and judge by the simulator's ledger.

    Exit status: 0 when both agree, 1 when they do not, 130 after Ctrl-C, else as `treeex errors --markdown` lists.
    The folder of a demo that went wrong is kept.
    """
    from server.cli.demo.run import run_demo

    raise typer.Exit(run_demo(data_dir, as_json=as_json, keep=keep))
