"""The Idempotency-Key header of routes that create something."""

from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import WithJsonSchema

from server.api import headers
from server.domain.errors import Refused

LONGEST = 255
PROBLEMS = ("invalid_idempotency_key", "idempotency_conflict", "idempotency_in_progress")
"""What a route that takes the header can refuse with."""
REPLAYED = "Idempotency-Replayed"


async def _key(
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
    return given(request)


def given(request: Request) -> str | None:
    """The key of this request, if it gave one. Raises Refused("invalid_idempotency_key")."""
    keys = headers.values(request.scope, b"idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not 1 <= len(keys[0]) <= LONGEST or not (keys[0].isascii() and keys[0].isprintable()):
        raise Refused("invalid_idempotency_key")
    return keys[0]


def told(replayed: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The header of an answer that says so."""
    return ((REPLAYED.lower().encode(), b"true"),) if replayed else ()


IdempotencyKey = Annotated[str | None, Depends(_key)]
"""What `given` finds, as a dependency."""
