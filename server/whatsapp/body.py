"""A webhook's bytes as Python values, whatever they are. Called by the parser; the client cleans answers with it.

`decode` takes what any lenient JSON reader takes; `storable` makes a value that jsonb takes. The raw bytes are kept
elsewhere, so nothing is lost by what is replaced here.
"""

import json
import math
import re
from typing import Any

import msgspec

DEEPEST = 64
"""Levels that are kept of a value; Meta's deepest payload has about a dozen."""
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "�"
_LONGEST_INTEGER = 40


class NotJson(Exception):
    """The bytes are not JSON; the message says how, without quoting them."""


def decode(raw: bytes) -> Any:
    """Raises NotJson."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(raw)


def storable(value: Any, depth: int = 0) -> Any:
    """The value without NUL, lone surrogates, numbers that are not finite, and levels beyond DEEPEST."""
    match value:
        case str():
            return text(value)
        case dict():
            if depth >= DEEPEST:
                return None
            return {text(key): storable(inner, depth + 1) for key, inner in value.items()}
        case list():
            if depth >= DEEPEST:
                return None
            return [storable(inner, depth + 1) for inner in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def text(value: str) -> str:
    """The text with U+FFFD for each character that PostgreSQL refuses."""
    if value.isprintable():  # most are, and then there is none
        return value
    return _NOT_STORABLE.sub(_REPLACEMENT, value)


def _decode_leniently(raw: bytes) -> Any:
    """Takes what the strict reader refuses: lone surrogates, a byte order mark, broken UTF-8, huge numbers."""
    try:
        return json.loads(raw.decode("utf-8-sig", "replace"), parse_int=_integer, parse_constant=lambda _name: None)
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise NotJson(f"the body is not JSON{where}") from None


def _integer(digits: str) -> int | str:
    """Longer integers are no number that Meta means, and Python refuses to convert the longest."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits
