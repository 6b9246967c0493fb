"""Turns the errors that Pydantic finds in a request into entries of the field catalogue.

Called by the handler of invalid requests. It never repeats a value that the client sent.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from server.api.field_paths import written
from server.domain.errors import FieldError
from server.domain.field_errors import FIELD_CATALOGUE, field_error

MOST_SHOWN = 100
_EXPECTED = {
    "string": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "none": "null",
}
_CODES = {
    "missing": "required",
    "union_tag_not_found": "required",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_large",
    "less_than_equal": "too_large",
    "enum": "not_one_of",
    "literal_error": "not_one_of",
    "union_tag_invalid": "not_one_of",
    "string_pattern_mismatch": "invalid_format",
    "uuid_type": "invalid_uuid",
    "uuid_parsing": "invalid_uuid",
    "uuid_version": "invalid_uuid",
    "string_unicode": "invalid_unicode",
    "finite_number": "wrong_type",
    "int_parsing_size": "invalid_value",
}
"""Pydantic's types whose names do not already say the code. Those of wrong types and of times follow a pattern."""

_LENGTHS = {"too_short": "too_few_items", "too_long": "too_many_items"}
_TEXTS = ("Value", "String")
"""What Pydantic calls a text whose length it checks after a validator of ours. All else that has a length has items."""

_FACTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "too_small": lambda context: {"least": context.get("ge", context.get("gt"))},
    "too_large": lambda context: {"most": context.get("le", context.get("lt"))},
    "not_one_of": lambda context: {"expected": context.get("expected", context.get("expected_tags"))},
}


def field_errors(errors: Sequence[Any], body: Any = None) -> tuple[FieldError, ...]:
    """One entry for each, in the order found, as many as anyone will read. `body`: the type of the request's body."""
    return tuple(_field_error(error, body) for error in errors[:MOST_SHOWN])


def _field_error(error: Mapping[str, Any], body: Any) -> FieldError:
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    code = _code(kind, context)
    if code == "wrong_type":
        facts: dict[str, Any] = {"expected": _expected(kind)}
    else:
        facts = _FACTS[code](context) if code in _FACTS else dict(context)
    return field_error(_path(error, body), code, facts)


def _code(kind: str, context: Mapping[str, Any]) -> str:
    if kind in _LENGTHS and context.get("field_type") not in _TEXTS:
        return _LENGTHS[kind]
    if kind in _CODES:
        return _CODES[kind]
    if kind in FIELD_CATALOGUE:  # our own validators name the catalogue's codes
        return kind
    if kind.startswith(("datetime_", "date_", "time_", "timezone_")):
        return "invalid_time"
    if kind.partition("_")[0] in _EXPECTED:
        return "wrong_type"
    return "invalid_value"


def _expected(kind: str) -> str:
    return _EXPECTED.get(kind.partition("_")[0], "a number")


def _path(error: Mapping[str, Any], body: Any) -> str:
    """The place without its kind: ("body", "text", "body") is `text.body`, ("query", "limit") is `limit`."""
    kind, *place = error["loc"]
    parts = written(body if kind == "body" else None, place)
    if error["type"].startswith("union_tag_"):
        parts.append(error["ctx"]["discriminator"].strip("'"))
    return ".".join(shown(part) for part in parts)


def shown(part: str | int) -> str:
    """A name that the client made up, shortened and safe to show."""
    return str(part).encode("utf-8", "backslashreplace").decode()[:100]
