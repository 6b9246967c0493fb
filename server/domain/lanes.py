"""Lanes: the faster ones go first, and the bulk lane keeps a tenth where they would take everything. Pure."""

from collections.abc import Mapping
from uuid import UUID

BULK_KEEPS_ONE_IN = 10
"""Of so many messages of a number at least one comes from its bulk lane, if one waits there."""


class BulkFloor:
    """How many of a number's next messages are the bulk lane's. Each worker has one and keeps to it for what it claims
    itself, so together they do. What the bulk lane has no message for goes to the others.
    """

    def __init__(self) -> None:
        self._owed: dict[UUID, int] = {}

    def take(self, granted: Mapping[UUID, int]) -> dict[UUID, int]:
        """Of so many messages of each number, those of the bulk lane; numbers without any are absent."""
        kept = {}
        for number, messages in granted.items():
            places, self._owed[number] = divmod(self._owed.get(number, 0) + messages, BULK_KEEPS_ONE_IN)
            if places:
                kept[number] = min(places, messages)
        return kept
