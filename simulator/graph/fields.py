"""The `fields` parameter: which fields of a node are answered (Meta: Graph API, field expansion).

Called by the edges that show nodes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.graph.calls import Json
from simulator.graph.errors import parameter_wrong

# A name with an optional {sub,selection} or .parameter(value), which change nothing here.
_FIELD = re.compile(r"\s*([a-z_]+)(?:\{[^{}]*\}|\.[a-z_]+\([^()]*\))*\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class NodeType:
    """`default`: the fields that are answered when none is named. `empty`: those that exist and may have no value."""

    name: str
    default: tuple[str, ...]
    empty: frozenset[str] = frozenset()


def select(node: Json, type_: NodeType, wanted: str | None) -> Json:
    """The default fields, or `id` and the wanted ones; as at Meta, what has no value is left out.

    Raises:
        GraphError: a wanted field does not exist on this type of node.
    """
    names = type_.default if not wanted else ("id", *_names(wanted))
    for name in names:
        if name not in node and name not in type_.empty:
            raise parameter_wrong(f"Tried accessing nonexisting field ({name}) on node type ({type_.name})")
    return {name: node[name] for name in names if name in node}


def _names(wanted: str) -> list[str]:
    names, place = [], 0
    while place < len(wanted):
        found = _FIELD.match(wanted, place)
        if found is None:
            raise parameter_wrong(f"Syntax error at character {place} of the fields parameter")
        names.append(found[1])
        place = found.end()
    return names
