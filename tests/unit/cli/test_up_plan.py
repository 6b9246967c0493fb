"""What `treeex up` decides from the settings."""

import os
from pathlib import Path

import pytest

from server.cli.up.errors import CannotRun
from server.cli.up.plan import child_environment, make_plan

NOWHERE = {"TREEEX_CONFIG": os.devnull}
URLS = {"TREEEX_DATABASE_URL": "postgresql://a@h/d", "TREEEX_WORKER_DATABASE_URL": "postgresql://w@h/d"}


def test_everything_is_embedded_and_simulated_unless_told_otherwise(tmp_path: Path) -> None:
    plan = make_plan({**NOWHERE, "TREEEX_DATA_DIR": str(tmp_path)}, simulator=True)
    assert (plan.data_dir, plan.simulator, plan.embedded_postgres, plan.embedded_valkey) == (tmp_path, True, True, True)


@pytest.mark.parametrize(
    "environ", [{"TREEEX_GRAPH_URL": "https://graph.facebook.com"}, {"TREEEX_ENVIRONMENT": "production"}]
)
def test_the_real_meta_needs_no_simulator(environ: dict[str, str]) -> None:
    assert make_plan({**NOWHERE, **environ}, simulator=True).simulator is False


def test_the_simulator_can_be_refused() -> None:
    assert make_plan(NOWHERE, simulator=False).simulator is False


def test_given_servers_are_used() -> None:
    plan = make_plan({**NOWHERE, **URLS, "TREEEX_VALKEY_URL": "redis://h:1"}, simulator=True)
    assert (plan.embedded_postgres, plan.embedded_valkey) == (False, False)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("TREEEX_DATABASE_URL", "TREEEX_WORKER_DATABASE_URL"),
        ("TREEEX_WORKER_DATABASE_URL", "TREEEX_DATABASE_URL"),
        ("TREEEX_ADMIN_DATABASE_URL", "TREEEX_DATABASE_URL"),
    ],
)
def test_half_of_the_database_is_refused(given: str, missing: str) -> None:
    with pytest.raises(CannotRun, match=rf"^{missing} is not set although"):
        make_plan({**NOWHERE, given: "postgresql://x@h/d"}, simulator=True)


def test_children_get_what_was_decided_and_never_the_owners_url() -> None:
    environ = {**NOWHERE, **URLS, "TREEEX_ADMIN_DATABASE_URL": "postgresql://o@h/d", "TREEEX_LOG_LEVEL": "error"}
    plan = make_plan(environ, simulator=True)
    child = child_environment(plan, {"port": 81, "database_url": "postgresql://other@h/d"})
    assert "TREEEX_ADMIN_DATABASE_URL" not in child
    assert (child["TREEEX_PORT"], child["TREEEX_DATABASE_URL"]) == ("81", "postgresql://other@h/d")
    assert child["TREEEX_PARENT_PID"] == str(os.getpid())
    # The supervisor reads in a worker's log that it works.
    assert child["TREEEX_LOG_LEVEL"] == "info"
    assert float(child["TREEEX_DRAIN_TIMEOUT_S"]) <= 4
