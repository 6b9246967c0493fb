"""When a webhook that was not answered with 200 is tried again: at once, then ever more rarely, until Meta gives up.

Pure; called by the sender with the steps from the settings. All durations are simulated seconds.
"""

from __future__ import annotations

from collections.abc import Sequence


def wait_before_next_s(
    attempts_made: int, elapsed_s: float, *, steps_s: Sequence[float], give_up_s: float
) -> float | None:
    """How long to wait after so many failed attempts; None when Meta would give up. The last step repeats."""
    step = steps_s[min(attempts_made, len(steps_s)) - 1]
    return step if elapsed_s + step <= give_up_s else None
