"""What ends a command without success: one sentence and an exit status. docs/errors.md lists the statuses.

Called by `app.main` for whatever a command raises. Nothing is imported before something has gone wrong.
"""

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses. They stay as they are for ever."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    UNREACHABLE = 4
    REFUSED = 5
    SCHEMA = 6
    EMBEDDED = 7
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: ("Done", ""),
    Exit.FAILED: (
        "A check found a problem, or something unexpected happened",
        "Read what was printed; `treeex --debug …` shows where it happened.",
    ),
    Exit.USAGE: ("The command line is not right", "Read `treeex COMMAND --help`."),
    Exit.CONFIGURATION: (
        "A setting or the keyring is missing or not valid",
        "Correct what the sentence names; `treeex config` shows what is set.",
    ),
    Exit.UNREACHABLE: ("A server cannot be reached", "Start it or correct its address; `treeex doctor` tests all."),
    Exit.REFUSED: ("The request was refused", "Do what the sentence says; its code is in the tables below."),
    Exit.SCHEMA: ("The database's schema is not this version's", "Run `treeex migrate`."),
    Exit.EMBEDDED: ("An embedded server cannot run", "Do what the sentence says, or give your own servers."),
    Exit.INTERRUPTED: ("Interrupted by Ctrl-C", ""),
}
"""What each means, and its mend."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How a command ends. `text` may have several lines, one a problem."""

    status: Exit
    text: str


def explain(error: BaseException) -> Fault:
    """Finds the sentence of everything that is raised on purpose; only a bug is called unexpected."""
    if isinstance(error, KeyboardInterrupt):
        return Fault(Exit.INTERRUPTED, "interrupted")
    for kind, status in _expected().items():
        if isinstance(error, kind):
            return Fault(status, str(error))
    return _refused(error) or _outage(error) or Fault(Exit.FAILED, _unexpected(error))


def _expected() -> dict[type[BaseException], Exit]:
    """Exceptions whose text is a sentence with its mend; the narrower before the wider."""
    from server.bootstrap import CannotReach, CannotStart
    from server.cli.up.errors import CannotRun
    from server.core.config import SettingsInvalid
    from server.core.crypto import CannotDecrypt, KeyringInvalid
    from server.core.failpoints import FailpointsInvalid
    from server.embedded import EmbeddedError
    from server.migrations.runner import SchemaBehind

    return {
        SettingsInvalid: Exit.CONFIGURATION,
        KeyringInvalid: Exit.CONFIGURATION,
        FailpointsInvalid: Exit.CONFIGURATION,
        CannotDecrypt: Exit.CONFIGURATION,
        CannotReach: Exit.UNREACHABLE,
        CannotStart: Exit.CONFIGURATION,
        SchemaBehind: Exit.SCHEMA,
        EmbeddedError: Exit.EMBEDDED,
        CannotRun: Exit.EMBEDDED,
    }


def _refused(error: BaseException) -> Fault | None:
    from server.domain.errors import Refused

    if not isinstance(error, Refused):
        return None
    behind_us = error.problem.status in (502, 503)
    return Fault(Exit.UNREACHABLE if behind_us else Exit.REFUSED, str(error))


def _outage(error: BaseException) -> Fault | None:
    from server.services.outages import is_outage

    if not is_outage(error):
        return None
    kind = type(error).__name__
    return Fault(Exit.UNREACHABLE, f"a server went away ({kind}); try again, `treeex doctor` tests all of them")


def _unexpected(error: BaseException) -> str:
    from server.core.tracebacks import in_short

    return f"something unexpected happened: {in_short(error)}; run it again with --debug before the command"
