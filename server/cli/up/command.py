"""`treeex up`: its options. The rest is imported when it runs, so that help is quick."""

import os
from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="The API's port; 0 takes a free one.", show_default="8080")
]
SimulatorPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="The simulator's port; 0 takes a free one.", show_default="8081")
]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default=False)]
Simulator = Annotated[bool, typer.Option(help="Run the stand-in for Meta, with something to play with.")]


def up(
    port: Port = None, simulator_port: SimulatorPort = None, data_dir: DataDir = None, simulator: Simulator = True
) -> None:
    """Run everything on this machine: servers, API, workers and simulator. Ctrl-C stops all.

    The simulator stays away when TREEEX_GRAPH_URL is set or in production. A stop with Ctrl-C or SIGTERM is a
    success.
    """
    from server.cli.up.machine import run_machine
    from server.cli.up.plan import make_plan
    from server.cli.up.serve import serve
    from server.cli.up.voice import Voice

    voice = Voice()
    given = {"PORT": port, "SIMULATOR_PORT": simulator_port, "DATA_DIR": data_dir}
    environ = {**os.environ, **{f"TREEEX_{name}": str(value) for name, value in given.items() if value is not None}}
    run_machine(make_plan(environ, simulator=simulator), voice, serve)
    voice.stage("Stopped")
