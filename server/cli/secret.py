"""Secrets that a person hands to a command, from a prompt or standard input, so that no process list shows them."""

import sys

import typer

FROM_INPUT = "-"
HELP = "`-` reads one line from standard input; left out, it is asked for."


def read(given: str | None, name: str) -> str:
    """The secret, without the end of its line. Raises Refused("invalid_request") when nothing is there."""
    if given is None and sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, err=True)).strip()
    secret = sys.stdin.readline().strip() if given in (None, FROM_INPUT) else given
    if not secret:
        raise typer.BadParameter(f"the {name.lower()} is empty; give it as an option or on standard input")
    return secret
