"""Problems on the wire: RFC 9457 `application/problem+json`, for every answer that is no success.

Everything in the API that refuses comes through `respond`; `problems` tells OpenAPI which codes a route can give.
"""

import json
from collections import defaultdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.domain.errors import CATALOGUE, FieldError, Problem, Refused

MEDIA_TYPE = "application/problem+json"
_UNREAD = {"body_too_large", "body_too_slow", "compressed_body"}
"""The rest of the body is not wanted, so the connection cannot be used again."""
TYPE_PREFIX = "urn:treeex:problem:"


def respond(request: Request, refused: Refused, headers: dict[str, str] | None = None) -> Response:
    """The answer to a refused request, with Retry-After and WWW-Authenticate where they belong."""
    trace_id = getattr(request.state, "trace_id", None)
    return Response(
        encode(refused, trace_id), refused.problem.status, {**_headers(refused), **(headers or {})}, MEDIA_TYPE
    )


def encode(refused: Refused, trace_id: str | None) -> bytes:
    """The body of the answer."""
    problem = refused.problem
    body = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": refused.detail,
        "mend": problem.mend,
        "errors": [_entry(error) for error in refused.errors],
        "trace_id": trace_id,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that can refuse with these codes of the catalogue."""
    by_status: dict[int, list[Problem]] = defaultdict(list)
    for code in codes:
        by_status[CATALOGUE[code].status].append(CATALOGUE[code])
    return {status: _documented(found) for status, found in sorted(by_status.items())}


def _documented(found: list[Problem]) -> dict[str, Any]:
    examples = {problem.code: {"summary": problem.title, "value": _example(problem)} for problem in found}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "; ".join(problem.title for problem in found),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


def _example(problem: Problem) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(encode(Refused(problem.code), "0198c6d0-7f3a-7b2c-9d4e-5f60718293a4"))
    return body


def _headers(refused: Refused) -> dict[str, str]:
    headers = {}
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    if refused.problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refused.code in _UNREAD:
        headers["Connection"] = "close"
    return headers


def _entry(error: FieldError) -> dict[str, str]:
    return {"path": error.path, "code": error.code, "message": error.message, "mend": error.mend}
