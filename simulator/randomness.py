"""Seeded chance: one independent stream per purpose, so that a new draw in one place moves no other.

Used for behaviour only (timings and planned faults). Ids are never drawn from here: they must stay unique
when a run is repeated against a product that remembers the last one.
"""

from __future__ import annotations

import random


class Streams:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, purpose: str) -> random.Random:
        """The stream of this purpose; the same seed and purpose give the same draws in any process."""
        if purpose not in self._streams:
            # A string seed is hashed with SHA-512 by `random`, so it does not depend on PYTHONHASHSEED.
            self._streams[purpose] = random.Random(f"{self.seed}/{purpose}")  # noqa: S311 - chance, not secrecy
        return self._streams[purpose]
