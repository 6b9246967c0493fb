"""Whether what a message fills a template with fits the texts of the template, as far as these are known.

Pure; a gate asks. Only counts and names are judged, and only of texts that are known: the rest is for Meta to judge.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

JUDGED = ("HEADER", "BODY")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")

Texts = Mapping[str, tuple[str, ...]]
"""The variables of each text that is known: names, or "1", "2" and so on."""


def texts(components: Iterable[object]) -> Texts:
    """Of a template's components as Graph answers them. What has no text, or is no component, is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for component in components:
        match component:
            case {"type": "HEADER" as kind, "format": "TEXT", "text": str(text)} | {
                "type": "BODY" as kind,
                "text": str(text),
            }:
                found[kind] = variables(text)
    return found


@lru_cache(maxsize=256)
def texts_as_stored(components: str) -> Texts:
    """The same of JSON."""
    return texts(json.loads(components))


def variables(text: str) -> tuple[str, ...]:
    """Each once, in the order of their numbers or names."""
    names = dict.fromkeys(_VARIABLE.findall(text))
    return tuple(sorted(names, key=lambda name: (int(name), "") if name.isdecimal() else (0, name)))


def misfit(wanted: Texts, sent: Sequence[Mapping[str, Any]]) -> str | None:
    """The first thing that does not fit, in a sentence without any value; None if Meta would take it, or may.

    `sent`: the components of the message's template, as Meta has them. (Meta: errors 132000 and 132012.)
    """
    given = {str(part.get("type")).upper(): part.get("parameters") or () for part in sent}
    for part in JUDGED:
        if part in wanted and (wrong := _wrong(part.lower(), wanted[part], given.get(part, ()))):
            return wrong
    return None


def _wrong(part: str, wanted: tuple[str, ...], given: Sequence[Mapping[str, Any]]) -> str | None:
    if len(given) != len(wanted):
        return f"the template's {part} takes {_counted(wanted)}, and {len(given)} came"
    names = {name for parameter in given if (name := parameter.get("parameter_name")) is not None}
    if not _is_named(wanted):
        return f"the {part}'s parameters go by their order: leave out parameter_name" if names else None
    absent = [name for name in wanted if name not in names]
    return f"the template's {part} takes a parameter_name {absent[0]!r}, and none came" if absent else None


def _is_named(wanted: tuple[str, ...]) -> bool:
    return any(not name.isdecimal() for name in wanted)


def _counted(wanted: tuple[str, ...]) -> str:
    return f"{len(wanted)} parameter{'' if len(wanted) == 1 else 's'}"
