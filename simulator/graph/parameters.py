"""Reads the objects of a request one parameter at a time, and refuses in Meta's words what is missing or wrong.

Used by the messages endpoint and by every module of `content`. What a checker reads is known and kept, so that the
recipient gets what was checked; `done` refuses the keys that nobody read. Choices are read in any case, as Meta does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from simulator.graph.errors import GraphError, not_valid, parameter_required, parameter_wrong

Content = dict[str, Any]

_Value = TypeVar("_Value")

_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Length:
    """The most characters of a text. `refusal`: Meta's details with code 131009; without them Graph itself refuses."""

    most: int
    refusal: str | None = None


def length_invalid(most: int, name: str) -> Length:
    return Length(most, f"{name} length invalid. Min length: 1, Max length: {most}")


def too_long(most: int, name: str) -> Length:
    return Length(most, f"{name} is too long. Max length is {most}")


class Parameters:
    """One JSON object of a request, and the path by which errors name it: `interactive['body']`."""

    __slots__ = ("_inner", "_kept", "_value", "path")

    def __init__(self, value: dict[str, Any], path: str = "") -> None:
        self._value = value
        self.path = path
        self._kept: Content = {}
        self._inner: list[Parameters] = []

    def has(self, key: str) -> bool:
        """A null counts as not given."""
        return self._value.get(key) is not None

    def peek(self, key: str) -> Any:
        """The raw value, which does not count as read."""
        return self._value.get(key)

    def text(self, key: str, limit: Length | None = None) -> str:
        """A text that must be there and must not be empty."""
        if self._value.get(key) in (None, ""):
            raise self.missing(key)
        return self._text(key, limit)

    def maybe_text(self, key: str, limit: Length | None = None) -> str | None:
        """A text that may be empty, or missing."""
        return self._text(key, limit) if self.has(key) else None

    def choice(self, key: str, *allowed: str, default: str | None = None) -> str:
        """One of these names, written in any case; it is kept as it stands here."""
        value = self._value.get(key)
        if value is None and default is not None:
            return self._keep(key, default)
        if isinstance(value, str) and value in allowed:  # as nearly everybody writes it
            return self._keep(key, value)
        written = self.text(key).lower()
        for name in allowed:
            if name.lower() == written:
                return self._keep(key, name)
        raise self.not_one_of(key, allowed)

    def flag(self, key: str) -> bool | None:
        if not self.has(key):
            return None
        value = self._value[key]
        if not isinstance(value, bool):
            raise self.wrong(key, "must be a boolean.")
        return self._keep(key, value)

    def number(self, key: str, least: float, most: float) -> float:
        """A number, or a text that is one, as Meta takes both."""
        if self._value.get(key) in (None, ""):
            raise self.missing(key)
        number = _number(self._value[key])
        if number is None:
            raise self.wrong(key, "must be a number.")
        if not least <= number <= most:
            raise self.wrong(key, f"must be a number between {least:g} and {most:g}.")
        return self._keep(key, number)

    def whole(self, key: str, least: int, most: int) -> int:
        """A whole number, or a text that is one."""
        if self._value.get(key) in (None, ""):
            raise self.missing(key)
        number = _whole(self._value[key])
        if number is None:
            raise self.wrong(key, "must be an integer.")
        if not least <= number <= most:
            raise self.wrong(key, f"must be an integer between {least} and {most}.")
        return self._keep(key, number)

    def inner(self, key: str) -> Parameters:
        if not self.has(key):
            raise self.missing(key)
        return self._object(self._value[key], key, self.at(key))

    def maybe_inner(self, key: str) -> Parameters | None:
        return self.inner(key) if self.has(key) else None

    def items(self, key: str, most: int | None = None) -> list[Parameters]:
        """The objects of a list that must be there and must not be empty."""
        if self._value.get(key) in (None, []):
            raise self.missing(key)
        return self.maybe_items(key, most)

    def maybe_items(self, key: str, most: int | None = None) -> list[Parameters]:
        """The objects of a list, none if it is missing."""
        value = self._value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "must be an array.")
        if most is not None and len(value) > most:
            raise self.wrong(key, f"must have at most {most} elements.")
        made = [_object(item, f"{self.at(key)}[{place}]") for place, item in enumerate(value)]
        self._inner += made
        self._keep(key, [item.kept for item in made])
        return made

    def open_inner(self, key: str) -> Parameters:
        made = self.inner(key)
        made.keep_all()
        return made

    def keep_all(self) -> None:
        """Know all keys: they are the business's own, or Meta's without a public description."""
        self._kept |= self._value

    def fallback(self, key: str, default: str) -> str:
        """A text with a default, which is then what the recipient gets."""
        return self.maybe_text(key) or self._keep(key, default)

    @property
    def kept(self) -> Content:
        """What has been read so far."""
        return self._kept

    def done(self) -> Content:
        """What was read.

        Raises:
            GraphError: 100, here or further in is a key that nobody has read.
        """
        for key in self._value:
            if key not in self._kept and self._value[key] is not None:
                raise parameter_wrong(f'Unexpected key "{key[:_SHOWN]}" on param "{self.path}".')
        for inner in self._inner:
            inner.done()
        return self._kept

    def at(self, key: str) -> str:
        return f"{self.path}['{key}']" if self.path else key

    def missing(self, key: str) -> GraphError:
        return parameter_required(self.at(key))

    def wrong(self, key: str, what: str) -> GraphError:
        return parameter_wrong(f"Param {self.at(key)} {what}")

    def not_one_of(self, key: str, allowed: Sequence[str]) -> GraphError:
        names = ", ".join(name.upper() for name in allowed)
        return self.wrong(key, f'must be one of {{{names}}} - got "{str(self._value.get(key))[:_SHOWN]}".')

    def _text(self, key: str, limit: Length | None) -> str:
        text = self._value[key]
        if not isinstance(text, str):
            raise self.wrong(key, "must be a string.")
        if limit is not None and len(text) > limit.most:
            if limit.refusal is not None:
                raise not_valid(limit.refusal)
            raise self.wrong(key, f"must be at most {limit.most} characters long.")
        return self._keep(key, text)

    def _object(self, value: object, key: str, path: str) -> Parameters:
        made = _object(value, path)
        self._inner.append(made)
        self._keep(key, made.kept)
        return made

    def _keep(self, key: str, value: _Value) -> _Value:
        self._kept[key] = value
        return value


def _object(value: object, path: str) -> Parameters:
    if not isinstance(value, dict):
        raise parameter_wrong(f"Param {path} must be a JSON object.")
    return Parameters(value, path)


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:_SHOWN])
    return value if isinstance(value, int) and not isinstance(value, bool) else None
