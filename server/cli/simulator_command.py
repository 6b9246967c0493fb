"""`treeex simulator`: the stand-in for Meta alone. It is a program of its own, so this only becomes it."""

import os
import sys

import typer

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Its options are its own, `--help` too."""


def simulator(context: typer.Context) -> None:
    """Run the simulated Meta alone: `treeex simulator --scenario busy-shop`, or `--help`."""
    os.execv(sys.executable, [sys.executable, "-m", "simulator", *context.args])  # noqa: S606 - ourselves, no shell
