"""When a webhook that was not answered with 200 is tried again: at once, then ever more rarely, for 7 days.

Pure; called by the sender. Meta publishes only that shape and the end (Meta: webhooks, retries); the steps
between are ours. All durations are simulated seconds.
"""

from __future__ import annotations

GIVE_UP_AFTER_S = 7 * 24 * 3600.0

_STEPS_S = (0.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
_LAST_STEP_S = 3600.0


def wait_before_next_s(attempts_made: int, elapsed_s: float) -> float | None:
    """How long to wait after so many failed attempts; None when Meta would give up."""
    step = _STEPS_S[attempts_made - 1] if attempts_made <= len(_STEPS_S) else _LAST_STEP_S
    return step if elapsed_s + step <= GIVE_UP_AFTER_S else None
