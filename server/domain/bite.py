"""How many messages a claim takes: fewer when their last ones were late, and then slowly more. Pure."""

MOST = 100
LEAST = 5
GROWS_BY = 2


class Bite:
    """Of one worker. What is claimed together is written together, and on a busy machine the last of many are late."""

    def __init__(self) -> None:
        self.size = MOST
        self._cut_at = float("-inf")

    def grow(self) -> None:
        """To be called for every claim."""
        self.size = min(MOST, self.size + GROWS_BY)

    def cut(self, *, claimed_at: float, at: float) -> None:
        """A message was late. Once an episode: what was claimed before the last cut says nothing new."""
        if claimed_at > self._cut_at:
            self.size, self._cut_at = max(LEAST, self.size // 2), at
