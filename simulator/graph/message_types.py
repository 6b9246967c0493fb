"""The types that `POST /messages` understands: one entry in `TYPES` each, a function that checks the object.

Called by `messages.py`. A checker takes the object under the type's key and returns what the recipient gets in
the shape of webhooks; limits are Meta's (Meta: messages reference). Types of Meta's without an entry are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.graph.errors import GraphError, invalid, missing, parameter_wrong

Content = dict[str, object]

TEXT_BODY_LIMIT = 4096


def text(value: dict[str, Any]) -> Content:
    _only_keys(value, "text", {"body", "preview_url"})
    body = value.get("body")
    if body is None:
        raise missing("Parameter text['body'] is required.")
    if not isinstance(body, str):
        raise invalid("Param text['body'] must be a string.")
    if not body:
        raise invalid("Param text['body'] must be at least 1 character long.")
    if len(body) > TEXT_BODY_LIMIT:
        raise invalid(f"Param text['body'] must be at most {TEXT_BODY_LIMIT} characters long.")
    if not isinstance(value.get("preview_url", False), bool):
        raise invalid("Param text['preview_url'] must be a boolean.")
    return {"body": body}


TYPES: dict[str, Callable[[dict[str, Any]], Content]] = {
    "text": text,
}

_TYPES_OF_META = (
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "pin",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
)


def checked_content(request: dict[str, Any]) -> Content:
    """The message's `type` and its object, checked: `{"type": "text", "text": {…}}`.

    Raises:
        GraphError: 100 or 131008, with details that name the parameter.
    """
    type_ = request.get("type", "text")
    check = TYPES.get(type_) if isinstance(type_, str) else None
    if check is None:
        raise _refused_type(type_)
    value = request.get(type_)
    if value is None:
        raise missing(f"Parameter '{type_}' is required for messages of type '{type_}'.")
    if not isinstance(value, dict):
        raise invalid(f"Param {type_} must be a JSON object.")
    return {"type": type_, type_: check(value)}


def _refused_type(type_: object) -> GraphError:
    if type_ in _TYPES_OF_META:
        return invalid(f"The simulator does not send messages of type '{type_}' yet.")
    allowed = ", ".join(name.upper() for name in _TYPES_OF_META)
    return parameter_wrong(f'Param type must be one of {{{allowed}}} - got "{str(type_)[:64]}".')


def _only_keys(value: dict[str, Any], name: str, known: set[str]) -> None:
    for key in value:
        if key not in known:
            raise invalid(f'Unexpected key "{key[:64]}" on param "{name}".')
