"""Judges a run: what the product showed, against what the ledger says that Meta really did.

`check` is pure and is called by tests, chaos runs and `python -m simulator.checker`. It is meant for the time
after all faults have ended and everything has drained.
"""

from simulator.checker.joining import message_key
from simulator.checker.judgement import check
from simulator.checker.limits import Limits, LimitsInvalid, Portfolio
from simulator.checker.observed import ObservationInvalid, Observed, SeenMessage
from simulator.checker.verdict import Verdict

__all__ = [
    "Limits",
    "LimitsInvalid",
    "ObservationInvalid",
    "Observed",
    "Portfolio",
    "SeenMessage",
    "Verdict",
    "check",
    "message_key",
]
