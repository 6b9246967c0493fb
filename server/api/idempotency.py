"""The Idempotency-Key header of routes that create something."""

from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import WithJsonSchema

from server.domain.errors import Refused

LONGEST = 255
PROBLEMS = ("invalid_idempotency_key", "idempotency_conflict", "idempotency_in_progress")
"""What a route that takes the header can refuse with."""
REPLAYED = "Idempotency-Replayed"


def _key(
    request: Request,
    _documented: Annotated[
        str | None,
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]([ -~]*[!-~])?$"}),
        Header(
            alias="Idempotency-Key",
            description=f"1 to {LONGEST} printable ASCII characters. The same request with the same key takes effect "
            "once; its repetitions get the first answer, for at least 72 hours.",
            examples=["2f6f6d4e-8a5b-4c7e-9f0a-1b2c3d4e5f60"],
        ),
    ] = None,
) -> str | None:
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not 1 <= len(given[0]) <= LONGEST or not (given[0].isascii() and given[0].isprintable()):
        raise Refused("invalid_idempotency_key")
    return given[0]


IdempotencyKey = Annotated[str | None, Depends(_key)]
"""The key of this request, if it gave one. Raises Refused("invalid_idempotency_key")."""
