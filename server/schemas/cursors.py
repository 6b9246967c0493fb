"""Opaque cursors: where the next page of a list begins. Services make and read them; clients only hand them back.

A cursor names its list, so that one of another list is refused. It holds positions, never rights.
"""

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from server.domain.errors import Refused

T = TypeVar("T")
LONGEST = 200
"""Characters. Ours have fewer than 100."""


def encode(position: tuple[Any, ...]) -> str:
    """base64url of the position as a JSON list. Its first part names the list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def decode(cursor: str, form: type[T]) -> T:
    """The position, of the named tuple `form`. Raises Refused("invalid_cursor") for whatever `encode` did not make."""
    if not cursor.isascii() or len(cursor) > LONGEST:
        raise Refused("invalid_cursor")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=form)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("invalid_cursor") from None
