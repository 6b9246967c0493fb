"""What can go wrong in a way that the person who started or configured the simulator can mend.

    SimulatorError
    ├── CannotStart      the command line, the port or the data directory; the command prints it and exits 1
    └── Refused          a control call that cannot be done; answered as JSON with its HTTP status

Errors of the Graph API are Meta's words to the product and live in `graph/errors.py`.
"""

from __future__ import annotations


class SimulatorError(Exception):
    """One sentence: what is wrong and how to mend it. Never holds a secret, a token or a message."""


class CannotStart(SimulatorError):
    pass


class Refused(SimulatorError):
    def __init__(self, message: str, *, http: int = 400) -> None:
        super().__init__(message)
        self.http = http
