"""Reads a stored template: its header, body, footer, buttons and cards, and the variables in its texts.

Pure. Called by the checks of template sends and by the control API; components are as Meta's create call takes them, in
any case of the names of types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Component = dict[str, Any]

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_AUTHENTICATION_TEXT = "*{{1}}* is your verification code."
_SECURITY_ADVICE = " For your security, do not share this code."


def component(components: list[Component], type_: str) -> Component | None:
    return next((part for part in components if name_of(part, "type") == type_), None)


def name_of(part: Mapping[str, Any], key: str) -> str:
    """A name like the type of a component, in capitals; empty when there is none."""
    value = part.get(key)
    return value.upper() if isinstance(value, str) else ""


def header_format(components: list[Component]) -> str | None:
    header = component(components, "HEADER")
    return None if header is None else name_of(header, "format") or "TEXT"


def text_of(components: list[Component], type_: str) -> str:
    """The text of the header, body or footer, with its variables. Meta writes those of authentication templates."""
    part = component(components, type_)
    if part is None:
        return ""
    if "text" in part:
        return str(part["text"])
    if type_ == "BODY":
        return _AUTHENTICATION_TEXT + (_SECURITY_ADVICE if part.get("add_security_recommendation") else "")
    minutes = part.get("code_expiration_minutes")
    return f"This code expires in {minutes} minutes." if type_ == "FOOTER" and minutes else ""


def buttons_of(components: list[Component]) -> list[Component]:
    part = component(components, "BUTTONS")
    return [] if part is None else list(part.get("buttons", []))


def cards_of(components: list[Component]) -> list[list[Component]] | None:
    """The components of each card; None without a carousel."""
    part = component(components, "CAROUSEL")
    return None if part is None else [card.get("components", []) for card in part.get("cards", [])]


def has_expiration(components: list[Component]) -> bool | None:
    """Whether the limited time offer names its end; None without an offer."""
    part = component(components, "LIMITED_TIME_OFFER")
    return None if part is None else bool(part.get("limited_time_offer", {}).get("has_expiration"))


def variables(text: str) -> list[str]:
    """The names in braces, each once, in the order of the text."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def hydrated(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled; what has no value stays."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)
