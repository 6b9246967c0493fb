"""The database of one machine: made, brought to this version's schema, and opened to the API and the workers.

The servers' passwords of the two roles are random and kept in `roles.json`; a lost file only means new passwords.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from server.cli.up.claim import write_private
from server.cli.up.errors import CannotRun
from server.cli.up.plan import Plan
from server.core.config import Url
from server.embedded import PostgresAddress

NAME = "treeex"
ROLES = ("treeex_api", "treeex_worker")


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseUrls:
    """`admin` is None when the user's own server is used and its schema is the user's to migrate."""

    api: str
    worker: str
    admin: str | None


def database_urls(plan: Plan, embedded: PostgresAddress | None) -> DatabaseUrls:
    """Where each role finds the database."""
    settings = plan.settings
    if embedded is None:
        return DatabaseUrls(_text(settings.database_url), _text(settings.worker_database_url), _admin(plan))
    passwords = role_passwords(plan.data_dir / "roles.json")
    api, worker = (embedded.url(NAME, user=role, password=passwords[role]) for role in ROLES)
    return DatabaseUrls(api, worker, embedded.url(NAME))


async def prepare_database(urls: DatabaseUrls, embedded: PostgresAddress | None) -> None:
    """Raises CannotRun when the server refuses or is away."""
    if urls.admin is None:
        return
    from server.migrations.database import ensure_database
    from server.migrations.runner import migrate

    try:
        if embedded is not None:
            await ensure_database(embedded.url("postgres"), NAME)
        await migrate(urls.admin, login_urls=(urls.api, urls.worker))
    except Exception as error:  # whatever the driver raises is about the user's server or its data
        where = "the embedded PostgreSQL" if embedded else "PostgreSQL at TREEEX_ADMIN_DATABASE_URL"
        said = str(error).strip().split("\n")[0] or type(error).__name__
        raise CannotRun(
            f"{where} could not be prepared: {said}; see that it runs and that its user may create tables and roles"
        ) from error


def role_passwords(path: Path) -> dict[str, str]:
    """Those that are kept, or new ones."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        if all(isinstance(kept[role], str) for role in ROLES):
            return {role: kept[role] for role in ROLES}
    except (OSError, ValueError, LookupError, TypeError):
        pass  # there is none, or none that can be used: the migration gives the roles whatever stands here
    made = {role: secrets.token_urlsafe(24) for role in ROLES}
    write_private(path, json.dumps(made, indent=2) + "\n")
    return made


def _admin(plan: Plan) -> str | None:
    url = plan.settings.admin_database_url
    return None if url is None else url.get_secret_value()


def _text(url: Url | None) -> str:
    if url is None:
        raise RuntimeError("a plan without an embedded server has both URLs")
    return url.get_secret_value()
