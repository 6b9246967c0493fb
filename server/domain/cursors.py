"""Opaque cursors of lists: where a page ended, in a form that nobody is tempted to build."""

import base64
import binascii
from uuid import UUID

from server.domain.errors import Refused

_MAX_LENGTH = 200


def encode(last: UUID) -> str:
    """The cursor of a list that is ordered by id."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def decode(cursor: str) -> UUID:
    """Raises Refused("invalid_cursor")."""
    if len(cursor) > _MAX_LENGTH:
        raise Refused("invalid_cursor")
    try:
        return UUID(bytes=base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor") from None
