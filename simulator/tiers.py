"""The messaging limits of portfolios: how many people each lets them reach in 24 hours (Meta: messaging limits)."""

from __future__ import annotations

from typing import Final, Literal

Tier = Literal["TIER_50", "TIER_250", "TIER_1K", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED", "TIER_NOT_SET"]

# A limit that was never set is that of a new portfolio.
LIMIT_OF_TIER: Final[dict[Tier, int | None]] = {
    "TIER_NOT_SET": 250,
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}

# Those that Meta still gives; the others are left from earlier rules.
_LADDER: Final[tuple[Tier, ...]] = ("TIER_250", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED")


def next_tier(tier: Tier) -> Tier | None:
    """The next higher limit that Meta gives; None when there is none."""
    now = LIMIT_OF_TIER[tier]
    if now is None:
        return None
    return next(higher for higher in _LADDER if (limit := LIMIT_OF_TIER[higher]) is None or limit > now)
