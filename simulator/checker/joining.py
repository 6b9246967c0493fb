"""Which message of the product a ledger entry is about.

The product writes `t1.<message id, 32 hex>.<attempt>.<mac>` into `biz_opaque_callback_data`; Meta echoes it. A
product with another form hands its own key function to `check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

Entry = dict[str, Any]
MessageKey = Callable[[Entry], str | None]

_OPAQUE = re.compile(r"t1\.([0-9a-f]{32})\.[0-9]+\.[^.]+")


def message_key(entry: Entry) -> str | None:
    """The id of the message as a UUID is written, or None when the entry names none of the product's."""
    opaque = entry.get("biz_opaque_callback_data")
    found = _OPAQUE.fullmatch(opaque) if isinstance(opaque, str) else None
    return _hyphenated(found[1]) if found else None


def _hyphenated(hex_: str) -> str:
    return f"{hex_[:8]}-{hex_[8:12]}-{hex_[12:16]}-{hex_[16:20]}-{hex_[20:]}"  # three times as fast as a UUID


def shown_key(id_: str) -> str:
    """The same form for an id that the product shows, with or without hyphens; other ids stay as they are."""
    try:
        return str(UUID(id_))
    except ValueError:
        return id_
