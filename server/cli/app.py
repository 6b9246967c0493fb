"""The command `treeex`. Each command lies in its own file and imports what it needs when it runs, so help is quick.

Whatever a command raises becomes one sentence and an exit status here; a traceback only comes with --debug.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from server.cli import (
    api,
    app_command,
    config,
    dead_letter,
    doctor,
    errors,
    key,
    keyring,
    message,
    migrate,
    number,
    queue,
    simulator_command,
    webhook,
    worker,
    workspace,
)
from server.cli.demo import command as demo
from server.cli.up import command as up

app = typer.Typer(
    help="TREEEX-WBSP: a WhatsApp Business platform that you run yourself.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
DEBUG = "--debug"


def _print_version(wanted: bool) -> None:
    if wanted:
        from server import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(DEBUG, help="Show a traceback when something fails.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="The data directory of `treeex up`; also TREEEX_DATA_DIR.", show_default=False)
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Options of all commands."""
    if data_dir is not None:
        os.environ["TREEEX_DATA_DIR"] = str(data_dir)


app.command()(up.up)
app.command()(demo.demo)
app.command()(api.api)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.command()(doctor.doctor)
app.command()(config.config)
app.command()(keyring.keyring)
app.add_typer(workspace.app, name="workspace")
app.add_typer(key.app, name="key")
app.add_typer(app_command.app, name="app")
app.add_typer(number.app, name="number")
app.add_typer(message.app, name="message")
app.command("queue")(queue.show_queue)
app.command("simulator", context_settings=simulator_command.PASSED_ON)(simulator_command.simulator)
app.add_typer(webhook.app, name="webhook")
app.add_typer(dead_letter.app, name="dead-letter")
app.command()(errors.errors)


def main() -> None:
    """The entry point of the wheel."""
    try:
        app(prog_name="treeex")
    except (Exception, KeyboardInterrupt) as error:  # the last resort: a sentence, and no traceback
        if DEBUG in sys.argv[1:]:
            raise
        from server.cli.faults import explain

        fault = explain(error)
        for line in fault.text.splitlines():
            print(f"treeex: {line}", file=sys.stderr)
        sys.exit(fault.status)


if __name__ == "__main__":  # `treeex up` starts its processes with `python -m`
    main()
