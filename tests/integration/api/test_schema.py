"""The API holds what its OpenAPI document promises, against generated requests good and bad (schemathesis).

TREEEX_SCHEMATHESIS_EXAMPLES raises the number of requests an operation.
"""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from server.bootstrap import admin_runtime
from server.core.config import Settings
from server.core.crypto import new_keyring
from server.domain.enums import Scope
from server.main import create_app
from tests.conftest import Servers, Urls
from tests.processes import TREEEX, serving

BEYOND_THE_SCHEMA = {
    "expired",
    "invalid_cursor",
    "media_mismatch",
    "unknown_media",
    "receipt_refused",
    "template_misfit",
    "template_not_usable",
    "token_refused",
    "too_far_ahead",
    "unknown_number",
    "window_closed",
}
"""Refusals of requests that have the right form and yet cannot be done."""
FIELDS_BEYOND_THE_SCHEMA = {
    "blank_text",
    "does_not_fit",
    "exactly_one",
    "invalid_recipient",
    "no_such_time",
    "no_such_zone",
    "not_unique",
    "nul_character",
    "waba_not_found",
}
EXAMPLES = int(os.environ.get("TREEEX_SCHEMATHESIS_EXAMPLES", "100"))


@dataclass(frozen=True)
class Running:
    """The API in a process of its own, and a key of it."""

    address: str
    token: str


@pytest.fixture(scope="module")
def running(servers: Servers, urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("schema")
    (folder / "keyring.json").write_text(new_keyring())
    (folder / "meta").mkdir()
    simulator = [sys.executable, "-m", "simulator"]
    with serving(simulator, settings={}, cwd=folder / "meta", probe="/_sim/ledger") as meta:
        chosen = {
            "database_url": urls.api,
            "worker_database_url": urls.worker,
            "valkey_url": servers.valkey.url,
            "keyring_file": folder / "keyring.json",
            "graph_url": meta,
        }
        with serving([str(TREEEX), "api"], settings=chosen, cwd=folder, probe="/healthz") as address:
            yield Running(address, _key(Settings.model_validate(chosen)))


def _key(chosen: Settings) -> str:
    async def make() -> str:
        async with admin_runtime(chosen) as services:
            workspace = await services.workspaces.create("Schema")
            made = await services.api_keys.create(workspace.id, name="all", scopes=frozenset(Scope))
            return made.token

    return _in_a_loop_of_its_own(make())


def _in_a_loop_of_its_own(work: Coroutine[Any, Any, str]) -> str:
    """The session's loop is at rest while a fixture without `async` runs, but cannot be entered again."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture
def described(request: pytest.FixtureRequest) -> BaseSchema:
    schema = schemathesis.openapi.from_dict(create_app(Settings.model_validate({})).openapi())
    schema.config.generation.with_security_parameters = False  # the test gives its key; bad keys have their own tests
    request.node._nodeid = request.node.nodeid  # schemathesis 4.32 looks for it there, where pytest 9.2 has it no more
    return schema


# Drawing the requests takes a while, which whoever only collects tests need not pay; an operation is a subtest.
schema = schemathesis.pytest.from_fixture("described")


@pytest.mark.proves("S14")
@pytest.mark.long
@pytest.mark.timeout(900)
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_every_operation_keeps_its_promises(case: schemathesis.Case[Any], running: Running) -> None:
    response = case.call(base_url=running.address, headers={"Authorization": f"Bearer {running.token}"})
    excluded: Any = [positive_data_acceptance] if _is_refused_for_what_no_schema_says(response) else None
    case.validate_response(response, excluded_checks=excluded)


def _is_refused_for_what_no_schema_says(response: schemathesis.Response) -> bool:
    if response.status_code != 422:
        return False
    problem = response.json()
    fields = {error["code"] for error in problem["errors"]}
    return problem["code"] in BEYOND_THE_SCHEMA or (bool(fields) and fields <= FIELDS_BEYOND_THE_SCHEMA)


async def test_the_document_is_whole(api: Any) -> None:
    document = (await api.get("/openapi.json")).body
    assert document["openapi"].startswith("3.1")
    assert "$ref" not in json.dumps(document["components"].get("securitySchemes", {}))
    ids = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            ids.append(operation["operationId"])
            assert operation["tags"], (path, method)
            assert operation["summary"], (path, method)
            assert "500" in operation["responses"], (path, method)
            for status, response in operation["responses"].items():
                assert "X-Request-Id" in response["headers"]
                if status >= "400" and path != "/readyz":
                    assert list(response["content"]) == ["application/problem+json"], (path, method, status)
            if path.startswith("/v1/"):
                assert operation["security"] == [{"ApiKey": []}], (path, method)
                assert {"401", "403", "503"} <= set(operation["responses"]), (path, method)
    assert len(ids) == len(set(ids))
    known = set(document["components"]["schemas"])
    assert _references(document) <= {f"#/components/schemas/{name}" for name in known}


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        here = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return here.union(*(_references(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(inner) for inner in value))
    return set()
