"""What interactive messages of all kinds are made of: header, body, footer and a named action.

Called by the modules of the kinds. Lengths that Meta refuses with its own words have them (recorded answers).
"""

from __future__ import annotations

from simulator.graph.content.links import read_url
from simulator.graph.content.media import read_document, read_reference
from simulator.graph.content.sending import Sending
from simulator.graph.errors import GraphError, not_valid
from simulator.graph.parameters import Length, Parameters, length_invalid

# Meta: interactive messages of each kind; only lists have the longer body.
BODY = length_invalid(1024, "Body text")
HEADER_TEXT = length_invalid(60, "Header text")
FOOTER = length_invalid(60, "Footer text")
DISPLAY_TEXT = length_invalid(20, "Button display text")

ANY_HEADER = ("text", "image", "video", "document")


def read_header(given: Parameters, sending: Sending, *allowed: str) -> str | None:
    """The header's type, if there is a header."""
    header = given.maybe_inner("header")
    if header is None:
        return None
    type_ = header.choice("type", *allowed)
    match type_:
        case "text":
            header.text("text", HEADER_TEXT)
            header.maybe_text("sub_text", HEADER_TEXT)
        case "image" | "video":
            read_reference(header.inner(type_), type_, sending)
        case "document":
            read_document(header.inner("document"), sending)
    return type_


def read_body(given: Parameters, limit: Length = BODY) -> None:
    given.inner("body").text("text", limit)


def read_footer(given: Parameters) -> None:
    if (footer := given.maybe_inner("footer")) is not None:
        footer.text("text", FOOTER)


def read_action(given: Parameters, name: str) -> Parameters:
    action = given.inner("action")
    action.choice("name", name)
    return action


def read_link_button(action: Parameters) -> None:
    """The parameters of a `cta_url` action."""
    parameters = action.inner("parameters")
    parameters.text("display_text", DISPLAY_TEXT)
    read_url(parameters, "url")


def repeated(texts: list[str], what: str) -> GraphError | None:
    return not_valid(f"Duplicated {what}.") if len({*texts}) < len(texts) else None
