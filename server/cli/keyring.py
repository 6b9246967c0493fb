"""`treeex keyring`: a new keyring, for a file or a secret store."""

import typer


def keyring() -> None:
    """Print a new keyring. Keep it apart from the database; without it no token can be read again."""
    from server.core.crypto import new_keyring

    typer.echo(new_keyring())
