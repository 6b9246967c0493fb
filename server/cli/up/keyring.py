"""The keyring of one machine: made at the first start, and never again, since only it opens what is stored."""

from pathlib import Path

from server.cli.up.claim import write_private
from server.cli.up.errors import CannotRun
from server.cli.up.plan import Plan
from server.core.crypto import new_keyring

NAME = "keyring.json"


def ensure_keyring(plan: Plan) -> Path | None:
    """The file that the processes read; None when the user's settings name another keyring. Raises CannotRun."""
    settings = plan.settings
    if settings.keyring is not None or settings.keyring_file is not None:
        return None
    path = plan.data_dir / NAME
    if path.exists():
        return path
    if (plan.data_dir / "postgres").exists():
        raise CannotRun(
            f"{path}, the keyring that opens the secrets in the database, is missing; restore it from a backup or "
            "choose another folder with --data-dir"
        )
    write_private(path, new_keyring() + "\n")
    return path
