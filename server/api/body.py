"""Reads the JSON body of a request strictly: one object in UTF-8, no name twice, no NaN, no bottomless nesting.

Called by `routing.Route` before FastAPI sees the request. What passes here can be stored and given back as it is.
"""

import json
import math
from typing import Any, NoReturn

from server.domain.errors import Refused

MAX_DEPTH = 32
"""Objects and lists within each other. Meta's deepest message has about ten."""


def parse(raw: bytes) -> dict[str, Any]:
    """The object in a body. Raises Refused("bad_json") with the place or the reason, never with what was sent."""
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused("bad_json", f"The body is not valid JSON at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise Refused("bad_json", f"The body is not valid UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(value, dict):
        raise Refused("bad_json", "The body is not a JSON object")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    _check_surrogates(text, value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused("bad_json", "An object in the body has the same name twice")
    return value


def _no_constant(_text: str) -> NoReturn:
    raise Refused("bad_json", "The body holds NaN or Infinity, which JSON does not know")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused("bad_json", "The body holds a number that is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > 100:  # Python itself refuses to read more than 4,300 digits
        raise Refused("bad_json", "The body holds a number that is too large")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float, parse_int=_integer
)


def _check_depth(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _too_deep()


def _check_surrogates(text: str, value: dict[str, Any]) -> None:
    """A lone surrogate can only come from an escape, so most bodies need no second look."""
    if "\\ud" not in text and "\\uD" not in text:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("bad_json", "The body holds half a surrogate pair, which is not a character") from None


def _too_deep() -> Refused:
    return Refused("bad_json", f"The body nests objects and lists more than {MAX_DEPTH} deep")
