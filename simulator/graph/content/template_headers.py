"""The header of a template or of a card: its text, its media, its location or its product.

Called by `templates.py` and `template_cards.py`. A header of another kind than the template's is 132012.
"""

from __future__ import annotations

from typing import Any

from simulator.graph.content.media import read_document, read_reference
from simulator.graph.content.sending import Sending
from simulator.graph.content.template_texts import Filling, format_mismatch, mandatory
from simulator.graph.content.texts import read_location
from simulator.graph.errors import messaging_error, schema_violation, template_issue
from simulator.graph.parameters import Parameters
from simulator.template_parts import Component, header_format, text_of

HEADER_LIMIT = 60  # Meta: template components

_TYPES = ("text", "currency", "date_time", "image", "video", "document", "location", "product")


def fill(
    components: list[Component], given: Parameters | None, filling: Filling, sending: Sending, part: str = "header"
) -> dict[str, Any] | None:
    """What the recipient sees above the body; None without a header."""
    parameters = given.maybe_items("parameters") if given is not None else []
    types = [_type_of(parameter) for parameter in parameters]
    wanted = header_format(components)
    if wanted in (None, "TEXT"):
        return _text(components, parameters, types, filling, part)
    received = types[0].upper() if types else "UNKNOWN"
    if received != wanted:
        raise format_mismatch(f"{part}: Format mismatch, expected {wanted}, received {received}")
    if len(parameters) > 1:
        raise messaging_error(
            132000, f"{part}: number of params ({len(parameters)}) does not match the expected number of params (1)"
        )
    return _object(parameters[0], types[0], sending)


def _type_of(parameter: Parameters) -> str:
    """Also says what is missing before anything is compared, as Meta does."""
    type_ = parameter.choice("type", *_TYPES)
    if not parameter.has(type_):
        raise mandatory(type_)
    return type_


def _text(
    components: list[Component], parameters: list[Parameters], types: list[str], filling: Filling, part: str
) -> dict[str, Any] | None:
    wrong = next((type_ for type_ in types if type_ != "text"), None)
    if wrong is not None and header_format(components) is not None:
        raise format_mismatch(f"{part}: Format mismatch, expected TEXT, received {wrong.upper()}")
    values = filling.header_values(parameters) if wrong is None else types
    text = filling.text(text_of(components, "HEADER"), parameters, values, part, HEADER_LIMIT)
    return {"type": "text", "text": text} if text else None


def _object(parameter: Parameters, type_: str, sending: Sending) -> dict[str, Any]:
    value = parameter.inner(type_)
    match type_:
        case "location":
            _check_location(value)
            read_location(value)
        case "product":
            value.text("product_retailer_id")
            value.maybe_text("catalog_id")
        case "document":
            _check_media(value)
            read_document(value, sending)
        case "image" | "video":
            _check_media(value)
            read_reference(value, type_, sending)
    return {"type": type_, type_: value.kept}


def _check_media(value: Parameters) -> None:
    if not value.has("id") and not value.has("link"):
        raise template_issue("Either one of media ID or link must be present")


def _check_location(value: Parameters) -> None:
    absent = [field for field in ("longitude", "latitude") if not value.has(field)]
    if absent:
        raise schema_violation(value.path, absent)
    if not value.has("address"):
        raise messaging_error(100, "Parameter 'address' is mandatory for component parameter type 'location'")
