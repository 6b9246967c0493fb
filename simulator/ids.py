"""Ids of Meta's shapes: wamids, trace ids, ids of Graph objects, and business-scoped user ids.

Called where messages and answers are born. Nothing here remembers anything: what makes ids fresh, or the same in every
run with a manual clock, is the source of bytes that `world.py` hands over.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from functools import lru_cache

_FROM_BUSINESS = b"\x15\x02\x00\x11\x18\x12"
_FROM_PERSON = b"\x15\x02\x00\x12\x18\x14"

# Enough for readable examples; an unknown prefix is shown as the first of them.
_COUNTRY_BY_PREFIX = {
    "1": "US",
    "31": "NL",
    "33": "FR",
    "34": "ES",
    "39": "IT",
    "44": "GB",
    "49": "DE",
    "52": "MX",
    "55": "BR",
    "61": "AU",
    "91": "IN",
}


class Ids:
    """`random_bytes` gives so many bytes, and never the same twice."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random_bytes = random_bytes

    def wamid_of_business(self, recipient: str) -> str:
        """A message id as the Cloud API answers it: 18 hex characters, direction byte 0x11."""
        return _wamid(recipient, _FROM_BUSINESS, self._random_bytes(9).hex())

    def wamid_of_person(self, sender: str) -> str:
        """A message id as inbound webhooks carry it: 20 hex characters, direction byte 0x12."""
        return _wamid(sender, _FROM_PERSON, self._random_bytes(10).hex())

    def trace_ids(self) -> tuple[str, str]:
        """`fbtrace_id` (23 characters) and the short id of the X-FB-Trace-ID header (11)."""
        random = base64.urlsafe_b64encode(self._random_bytes(24)).decode("ascii")
        return "A" + random[:22], random[21:]

    def of_object(self) -> str:
        """The id of a node that Meta makes, like media: 16 digits."""
        return str(10**15 + int.from_bytes(self._random_bytes(8), "big") % (9 * 10**15))

    def key(self) -> bytes:
        """What links are signed with; as good as its source of bytes."""
        return self._random_bytes(16)


def _wamid(address: str, direction: bytes, name: str) -> str:
    # Bytes decoded from recorded ids: 1c 18 <len> <address> 15 02 00 <direction> 18 <len> <hex> 00.
    digits = address.encode("ascii")
    raw = b"".join((b"\x1c\x18", bytes((len(digits),)), digits, direction, name.upper().encode("ascii"), b"\0"))
    return "wamid." + base64.b64encode(raw).decode("ascii")


@lru_cache(maxsize=100_000)
def bsuid(wa_id: str, business_id: str) -> str:
    """A business-scoped user id: stable for a person, different for every business portfolio."""
    digest = hashlib.sha256(f"{business_id}/{wa_id}".encode()).digest()
    return f"{_country(wa_id)}.{int.from_bytes(digest[:8], 'big'):020d}"


def parent_of(user_id: str) -> str:
    """The parent id of a user id: `US.ENT.1349…` of `US.1349…`, and of itself (Meta: business-scoped user IDs)."""
    country, _, rest = user_id.partition(".")
    return user_id if rest.startswith("ENT.") else f"{country}.ENT.{rest}"


def _country(wa_id: str) -> str:
    return _COUNTRY_BY_PREFIX.get(wa_id[:2]) or _COUNTRY_BY_PREFIX.get(wa_id[:1], "US")
