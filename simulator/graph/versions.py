"""Which Graph versions are alive, and what the others get (Meta: Graph API changelog; recorded headers).

Called by the router for the first part of a path.
"""

from __future__ import annotations

import re
from functools import lru_cache

OLDEST = 21
LATEST = 26

_VERSION = re.compile(r"v([0-9]{1,3})\.0")


class VersionUnknown(Exception):
    pass


@lru_cache(maxsize=100)
def resolve(segment: str) -> tuple[str, str | None] | None:
    """`(version, warning)` for a version segment; None when the segment is no version at all.

    An expired version is upgraded to the oldest living one, and the warning is a header's value.

    Raises:
        VersionUnknown: it looks like a version, but there has never been one.
    """
    found = _VERSION.fullmatch(segment)
    if found is None:
        return None
    asked = int(found[1])
    if asked > LATEST or asked < 1:
        raise VersionUnknown
    if asked >= OLDEST:
        return segment, None
    oldest = f"v{OLDEST}.0"
    return oldest, f"The call has been auto-upgraded to {oldest} as {segment} will be deprecated."
