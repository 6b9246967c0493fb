"""How fast a number may send so that no sliding second, seen at Meta, exceeds Meta's figure.

Meta counts messages that arrive within a second. Two things squeeze our steady stream into that second: the burst that
one grant allows, and the time between the grant and the wire, which differs from send to send.
"""

BURST_S = 0.05
"""A grant holds at most this much of the number's budget, but at least one message."""

LEASE_TO_WIRE_S = 0.1
"""A send that starts later than this after its grant was asked for goes back."""


def rate(throughput_mps: float) -> float:
    """Messages a second for a number whose throughput Meta gives: about 0.87 of it.

    In any second at most `rate × (1 + BURST_S + LEASE_TO_WIRE_S)` messages can reach the wire.
    """
    return throughput_mps / (1 + BURST_S + LEASE_TO_WIRE_S)
