"""The `fields` parameter: which fields of a node are answered (Meta: Graph API, field expansion).

Called by the edges that show nodes.
"""

from __future__ import annotations

import re

from simulator.graph.calls import Json
from simulator.graph.errors import parameter_wrong

# A name with an optional {sub,selection} or .parameter(value), which change nothing here.
_FIELD = re.compile(r"\s*([a-z_]+)(?:\{[^{}]*\}|\.[a-z_]+\([^()]*\))*\s*(?:,|$)")


def select(node: Json, default: tuple[str, ...], wanted: str | None, type_name: str) -> Json:
    """The default fields, or `id` and the wanted ones.

    Raises:
        GraphError: a wanted field does not exist on this type of node.
    """
    names = default if not wanted else ("id", *_names(wanted))
    for name in names:
        if name not in node:
            raise parameter_wrong(f"Tried accessing nonexisting field ({name}) on node type ({type_name})")
    return {name: node[name] for name in names}


def _names(wanted: str) -> list[str]:
    names, place = [], 0
    while place < len(wanted):
        found = _FIELD.match(wanted, place)
        if found is None:
            raise parameter_wrong(f"Syntax error at character {place} of the fields parameter")
        names.append(found[1])
        place = found.end()
    return names
