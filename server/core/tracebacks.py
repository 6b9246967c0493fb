"""What a log keeps of an exception: its kind, where it happened, and its words only where they cannot quote a message.

`core.log` calls it for everything that is logged. A database's or a parser's complaint often repeats the value that it
complains about; such words are left out, and the kind and the place have to do.
"""

import traceback
from collections.abc import Iterator

_QUOTE_NOTHING = (AttributeError, ImportError, MemoryError, NameError, OSError, RuntimeError, TypeError)
_PACKAGES_THAT_QUOTE_NOTHING = {__name__.partition(".")[0], "asyncpg", "redis"}
_DATA_EXCEPTION = "22"
"""The class of PostgreSQL's error codes whose words repeat the value (PostgreSQL: error codes)."""
_LONGEST = 500


def in_short(error: BaseException) -> str:
    """Its kind and, where they are safe, its words, on one line."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    words = str(error).partition("\n")[0][:_LONGEST] if _quotes_nothing(error) else "(its words may quote a message)"
    return f"{kind}: {words}" if words else kind


def in_full(error: BaseException) -> str:
    """The same with the calls that led to it, and with what caused it, the cause first."""
    return "\n".join(_told(error, set()))


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in seen:
        yield from _told(cause, seen)
        yield "which led to:"
    for number, part in enumerate(error.exceptions if isinstance(error, BaseExceptionGroup) else (), start=1):
        yield f"part {number} of a group:"
        yield from _told(part, seen)
    yield "".join(traceback.format_tb(error.__traceback__)) + in_short(error)


def _quotes_nothing(error: BaseException) -> bool:
    """A later line of PostgreSQL's words is the detail, which holds the row; callers keep the first line only."""
    package = type(error).__module__.partition(".")[0]
    if package == "builtins" or isinstance(error, OSError):
        return isinstance(error, _QUOTE_NOTHING)
    code = getattr(error, "sqlstate", None) or ""
    return package in _PACKAGES_THAT_QUOTE_NOTHING and not code.startswith(_DATA_EXCEPTION)
