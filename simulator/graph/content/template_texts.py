"""The text parameters of templates: counted, named or in order, and filled into header, body and links.

Called by the modules of headers, bodies, buttons and cards. Checks come in Meta's order: each parameter by itself, how
many there are, their names, their values, and how long the text has become (recorded answers).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulator.graph.errors import GraphError, invalid, messaging_error, schema_violation, template_issue
from simulator.graph.parameters import Parameters
from simulator.state import Template
from simulator.template_parts import Component, hydrated, text_of, variables

CODE_LIMIT = 15  # Meta: authentication templates

_TEXT_TYPES = ("text", "currency", "date_time")
_REQUIRED_FIELDS = {"currency": ("fallback_value", "code", "amount_1000"), "date_time": ("fallback_value",)}
_WHITESPACE = re.compile(r"[\n\r\t]| {5}")


class Filling:
    """Fills the texts of one template."""

    def __init__(self, template: Template) -> None:
        self._named = template.parameter_format == "NAMED"
        self.is_authentication = template.category == "AUTHENTICATION"

    def body(self, components: list[Component], given: Parameters | None, limit: int, part: str = "body") -> str:
        parameters = given.maybe_items("parameters") if given is not None else []
        values = [self._value(parameter, *_TEXT_TYPES) for parameter in parameters]
        return self.text(text_of(components, "BODY"), parameters, values, part, limit)

    def text(self, text: str, parameters: list[Parameters], values: list[str], part: str, limit: int) -> str:
        """The text with these values; `part` is how Meta names the component in its details."""
        wanted = variables(text)
        if len(values) != len(wanted):
            raise messaging_error(
                132000,
                f"{part}: number of localizable_params ({len(values)}) does not match "
                f"the expected number of params ({len(wanted)})",
            )
        filled = hydrated(text, dict(zip(self._names(wanted, parameters, part), values, strict=True)))
        self._check_values(values, part)
        if len(filled) > limit:
            raise too_long(f"{part}: the text", len(filled), limit)
        return filled

    def header_values(self, parameters: list[Parameters]) -> list[str]:
        return [self._value(parameter, "text") for parameter in parameters]

    def _value(self, parameter: Parameters, *types: str) -> str:
        type_ = parameter.choice("type", *types, default="text")
        parameter.maybe_text("parameter_name")
        if not parameter.has(type_) or parameter.peek(type_) == "":
            raise mandatory(type_)
        if type_ == "text":
            return parameter.text("text")
        return _fallback_of(parameter.inner(type_), _REQUIRED_FIELDS[type_])

    def _names(self, wanted: Sequence[str], parameters: list[Parameters], part: str) -> Sequence[str]:
        names = [parameter.kept.get("parameter_name") for parameter in parameters]
        if not self._named:
            if any(names):
                raise format_mismatch(f"{part}: parameter_name is not allowed where parameters are positional")
            return sorted(wanted, key=_position)
        if not all(names):
            raise invalid("Parameter name is missing or empty")
        for name in wanted:
            if name not in names:
                raise invalid(f"Parameter name is missing for the parameter '{{{{{name}}}}}'")
        return [str(name) for name in names]

    def _check_values(self, values: list[str], part: str) -> None:
        for place, value in enumerate(values):
            if _WHITESPACE.search(value):
                raise template_issue("Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
            if self.is_authentication and len(value) > CODE_LIMIT:
                raise template_issue(
                    f"{part}: Parameter at index {place} exceeds the parameter length limit {CODE_LIMIT}"
                )


def mandatory(type_: str, part: str = "") -> GraphError:
    return invalid(f"{part}Parameter '{type_}' is mandatory for component parameter type '{type_}'")


def format_mismatch(details: str) -> GraphError:
    return messaging_error(132012, details)


def too_long(what: str, length: int, limit: int) -> GraphError:
    return messaging_error(132005, f"{what} is {length} characters long, at most {limit} are allowed")


def _fallback_of(value: Parameters, required: tuple[str, ...]) -> str:
    absent = [field for field in required if not value.has(field)]
    if absent:
        raise schema_violation(value.path, absent)
    value.keep_all()
    return value.text("fallback_value")


def _position(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isascii() and name.isdigit() else (0, name)
