"""Every key name that we use in Valkey is born here. One hash tag a queue keeps its keys together in a cluster."""

WEBHOOKS = "queue:webhooks"
"""List of inbox ids."""

OUTBOUND = "{queue:outbound}"
"""Sorted set of phone numbers by the next time, in microseconds, that they may be served."""

OUTBOUND_GENERATIONS = "{queue:outbound}:generations"
"""Hash number → how often it was rung; a number leaves the queue only if this has not changed since its lease."""

OUTBOUND_RATES = "{queue:outbound}:rates"
"""Hash number → its budget, in messages a second."""

OUTBOUND_ARRIVALS = "{queue:outbound}:arrivals"
"""Hash number → GCRA's theoretical arrival time, in microseconds of the server's clock."""

OUTBOUND_SLOWNESS = "{queue:outbound}:slowness"
"""Hash number → what Meta's refusals have taught: its share of its rate, when that was halved, until when it rests."""

OUTBOUND_TURNS = "{queue:outbound}:turns"
"""Hash number → until when, in microseconds, a worker has its turn."""

PAIR_PREFIX = "{queue:outbound}:pair:"
"""Prefix of one key a (number, contact) pair: GCRA's theoretical arrival time, in microseconds; expires by itself."""

PAIRS_SINCE = "{queue:outbound}:pairs_since"
"""Since when, in microseconds, all that was sent is charged to its pair; missing after a loss and after an outage."""

OUTBOUND_PROBE = "{queue:outbound}:probe"
"""Written by a worker that wants to know whether Valkey is back; expires at once."""
