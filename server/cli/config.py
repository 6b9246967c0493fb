"""`treeex config`: the effective settings, or a commented file with all of them."""

from typing import Annotated

import typer

from server.cli.output import Json, show


def config(
    default: Annotated[bool, typer.Option("--default", help="Print a file with every setting, commented out.")] = False,
    as_json: Json = False,
) -> None:
    """Show the effective settings, secrets masked."""
    from server.cli.running import settings
    from server.core.config import default_file, masked

    if default:
        typer.echo(default_file(), nl=False)
        return
    show(masked(settings()), as_json=as_json)
