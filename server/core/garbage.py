"""The garbage collector of a process that runs for long. Called once by the API and by workers, when they begin.

Almost everything here goes by its reference count; only cycles wait for the collector, and they are few.
"""

import gc

_NEW_OBJECTS = 50_000
"""Of these the collector looks at the young; Python's own 700 let it look through each batch many times."""


def spare_what_stays() -> None:
    """What exists now is not looked at any more, and what comes is looked at seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
