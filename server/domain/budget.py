"""How fast a number may send so that no sliding second, seen at Meta, exceeds Meta's figure.

Meta counts messages that arrive within a second. Two things squeeze our steady stream into that second: the burst that
one grant allows, and the time between the grant and the wire, which differs from send to send.
"""

import math

BURST_S = 0.05
"""A grant holds at most this much of the number's budget, but at least one message."""

LEASE_TO_WIRE_S = 0.1
"""A send that starts later than this after its grant was asked for goes back."""

COUNTED_S = 1 + LEASE_TO_WIRE_S
"""What began within this time can reach the wire within one second."""

SLICE_S = 0.1
"""Where what began is counted, a number's budget is spent in slices, so that it does not leave all at once."""

FOR_INBOUND = 1.25
"""What a number's budget pays for each message that people write to it (Meta: throughput counts both). More than one,
since it is known a little after Meta has counted it."""

INBOUND_WAIT_S = 1.0
"""However much people write, their number waits no longer for it at a time."""

SMALLEST_SHARE = 1 / 64
"""However often Meta refuses a number, it keeps this share of its rate: enough to find out that it may send again."""

RECOVERY_S = 100.0
"""A share grows from nothing to the whole rate within this time: whatever is left of it, 90 % is there after 120 s."""


def rate(throughput_mps: float) -> float:
    """Messages a second for a number whose throughput Meta gives: about 0.87 of it.

    In any second at most `rate × (1 + BURST_S + LEASE_TO_WIRE_S)` messages can reach the wire.
    """
    return throughput_mps / (1 + BURST_S + LEASE_TO_WIRE_S)


def a_slice(throughput_mps: float) -> int:
    """What a number may send within SLICE_S."""
    return math.ceil(rate(throughput_mps) * SLICE_S)


def allowance(throughput_mps: float, *, lately: int, just_now: int) -> int:
    """What a number may send now, given how many tries of it began within COUNTED_S and within SLICE_S.

    It leaves room for one burst: of grants that were given before somebody began to count.
    """
    most = max(1, math.floor(rate(throughput_mps) * COUNTED_S))
    return max(0, min(most - lately, a_slice(throughput_mps) - just_now))
