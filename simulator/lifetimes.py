"""How long Meta tries to deliver a message, before it drops it in silence (Meta: time-to-live).

Called where a message is made; templates and Direct Send may ask for less or more than what is usual.
"""

from __future__ import annotations

from typing import Final

from simulator.state import TemplateCategory

USUAL_S = 30 * 86_400.0

# At least and at most; that of marketing counts on the Marketing Messages API only.
TEMPLATE_TTL_S: Final[dict[TemplateCategory, tuple[int, int]]] = {
    "AUTHENTICATION": (30, 900),
    "UTILITY": (30, 43_200),
    "MARKETING": (43_200, 2_592_000),
}

_AUTHENTICATION_S = 600.0


def lifetime_s(category: str, asked_s: float | None = None) -> float:
    """`category` is what the message is priced as; `asked_s` the template's or the request's own time."""
    if asked_s is not None:
        return asked_s
    return _AUTHENTICATION_S if category == "authentication" else USUAL_S
