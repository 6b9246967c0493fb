"""What one machine runs, decided from the settings before anything is touched."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.cli.up.errors import CannotRun
from server.core import config
from server.core.config import Settings
from server.embedded import default_data_dir

DATA_DIR_VARIABLE = "TREEEX_DATA_DIR"
PARENT_VARIABLE = "TREEEX_PARENT_PID"
DRAIN_TIMEOUT_S = 4.0
"""What a worker gets to finish its sends when all has to stop within ten seconds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`environ` is what the children inherit; the settings that this machine decides are added to it."""

    settings: Settings
    environ: Mapping[str, str]
    data_dir: Path
    simulator: bool
    embedded_postgres: bool
    embedded_valkey: bool


def make_plan(environ: Mapping[str, str], *, simulator: bool) -> Plan:
    """Raises SettingsInvalid, EmbeddedError (no home folder) and CannotRun (half of the database's URLs)."""
    settings = config.load(environ)
    return Plan(
        settings=settings,
        environ=environ,
        data_dir=Path(os.path.abspath((settings.data_dir or default_data_dir()).expanduser())),
        simulator=simulator and _is_simulated(settings),
        embedded_postgres=_is_embedded(settings),
        embedded_valkey=settings.valkey_url is None,
    )


def _is_simulated(settings: Settings) -> bool:
    """A graph_url of the user's own, or production, means the real Meta."""
    return "graph_url" not in settings.model_fields_set and settings.environment != "production"


def _is_embedded(settings: Settings) -> bool:
    given = (settings.database_url, settings.worker_database_url)
    if None not in given:
        return False
    if any(given) or settings.admin_database_url:
        missing = "TREEEX_DATABASE_URL" if settings.database_url is None else "TREEEX_WORKER_DATABASE_URL"
        raise CannotRun(
            f"{missing} is not set although another URL of the database is; set it too, or unset all of them to use "
            "the embedded server"
        )
    return True


def child_environment(plan: Plan, values: Mapping[str, object]) -> dict[str, str]:
    """What a child is started with: the user's surroundings, and these settings on top."""
    inherited = {name: value for name, value in plan.environ.items() if name != "TREEEX_ADMIN_DATABASE_URL"}
    decided = {
        DATA_DIR_VARIABLE: str(plan.data_dir),
        PARENT_VARIABLE: str(os.getpid()),
        "TREEEX_LOG_FORMAT": "json",
        # The supervisor knows by a line of this level that a worker works; it goes to a file.
        "TREEEX_LOG_LEVEL": "debug" if plan.settings.log_level == "debug" else "info",
        "TREEEX_DRAIN_TIMEOUT_S": str(min(plan.settings.drain_timeout_s, DRAIN_TIMEOUT_S)),
    }
    return {**inherited, **decided, **{f"TREEEX_{name.upper()}": str(value) for name, value in values.items()}}
