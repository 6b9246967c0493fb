"""The OpenAPI document: what FastAPI derives from the routes, and the refusals that every route can give."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from server import __version__
from server.api.problems import problems
from server.schemas.problems import Problem

_TAGS = [
    {"name": "messages", "description": "Send messages and see what became of them."},
    {"name": "media", "description": "Files that messages send."},
    {"name": "conversations", "description": "Messages between one number and one person, and the service window."},
    {"name": "phone-numbers", "description": "The numbers that send and receive."},
    {"name": "api-keys", "description": "The key that a program calls with."},
    {"name": "health", "description": "For whoever watches the process."},
]
_DESCRIPTION = """\
Accepted means sent once: a `202` is a committed message. Every refusal is `application/problem+json` with a stable
`code`, what is wrong, and how to mend it. Lists are read page by page with `cursor`."""
_PUBLIC = ("internal_error",)
_WITH_KEY = ("missing_key", "invalid_key", "missing_scope", "unavailable")
_WITH_BODY = (
    "bad_json",
    "unsupported_media_type",
    "compressed_body",
    "body_too_large",
    "body_too_slow",
    "invalid_request",
)
_WITH_PARAMETERS = ("invalid_request",)
_REQUEST_ID = {"description": "Names this request in the logs.", "schema": {"type": "string"}}


def document(app: FastAPI) -> dict[str, Any]:
    """Made once and kept on the application."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=__version__,
        openapi_version=app.openapi_version,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    _add_problem_schemas(schemas)
    _require_discriminators(found, schemas)
    for operations in found["paths"].values():
        for operation in operations.values():
            _complete(operation)
    return found


def _add_problem_schemas(schemas: dict[str, Any]) -> None:
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem


def _require_discriminators(part: Any, schemas: dict[str, Any]) -> None:
    """What tells the kinds of a thing apart cannot be left out, although each kind alone has a default for it."""
    if isinstance(part, list):
        for inner in part:
            _require_discriminators(inner, schemas)
    if not isinstance(part, dict):
        return
    discriminator = part.get("discriminator")
    if isinstance(discriminator, dict) and "mapping" in discriminator:
        name = discriminator["propertyName"]
        for reference in discriminator["mapping"].values():
            required = schemas[reference.rpartition("/")[2]].setdefault("required", [])
            if name not in required:
                required.append(name)
    for inner in part.values():
        _require_discriminators(inner, schemas)


def _complete(operation: dict[str, Any]) -> None:
    """Adds the refusals that come from the layers around a route to those that the route names itself."""
    responses: dict[str, Any] = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status, response in problems(*_codes(operation)).items():
        if str(status) in responses:
            _merge(responses[str(status)], response)
        else:
            responses[str(status)] = response
    for response in responses.values():
        response.setdefault("headers", {})["X-Request-Id"] = _REQUEST_ID


def _codes(operation: dict[str, Any]) -> list[str]:
    codes = list(_PUBLIC)
    if "security" in operation:
        codes += _WITH_KEY
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        codes += _WITH_BODY
    elif "parameters" in operation:
        codes += _WITH_PARAMETERS
    return codes


def _merge(into: dict[str, Any], response: dict[str, Any]) -> None:
    content = into.setdefault("content", {})
    for media_type, found in response["content"].items():
        if media_type not in content:
            content[media_type] = found
            continue
        examples = content[media_type].setdefault("examples", {})
        for code, example in found["examples"].items():
            examples.setdefault(code, example)
    into["description"] = "; ".join(
        dict.fromkeys([*into["description"].split("; "), *response["description"].split("; ")])
    )
