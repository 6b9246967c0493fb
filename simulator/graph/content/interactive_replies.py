"""Reply buttons and lists (Meta: interactive reply buttons messages; interactive list messages)."""

from __future__ import annotations

from simulator.graph.content.interactive_parts import (
    ANY_HEADER,
    read_body,
    read_footer,
    read_header,
    repeated,
)
from simulator.graph.content.sending import Sending
from simulator.graph.errors import not_valid
from simulator.graph.parameters import Length, Parameters, length_invalid, too_long

BUTTONS_LIMIT = 3
BUTTON_ID = Length(256)
BUTTON_TITLE = length_invalid(20, "Button title")

LIST_BODY = length_invalid(4096, "Body text")
LIST_BUTTON = length_invalid(20, "Button text")
SECTIONS_LIMIT = 10
ROWS_LIMIT = 10
SECTION_TITLE = too_long(24, "Section title")
ROW_ID = too_long(200, "Row id")
ROW_TITLE = too_long(24, "Row title")
ROW_DESCRIPTION = too_long(72, "Row description")


def buttons(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, *ANY_HEADER)
    read_body(given)
    read_footer(given)
    action = given.inner("action")
    if not action.has("buttons"):
        raise action.missing("buttons")
    given_buttons = action.maybe_items("buttons")
    if not 1 <= len(given_buttons) <= BUTTONS_LIMIT:
        raise not_valid(f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {BUTTONS_LIMIT}")
    replies = [_read_button(button) for button in given_buttons]
    ids, titles = [id_ for id_, _ in replies], [title for _, title in replies]
    if error := repeated(titles, "title in buttons") or repeated(ids, "id in buttons"):
        raise error


def rows(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, "text")
    read_body(given, LIST_BODY)
    read_footer(given)
    action = given.inner("action")
    action.text("button", LIST_BUTTON)
    sections = read_sections(action)
    ids = [id_ for section in sections for id_ in _read_rows(section)]
    if len(ids) > ROWS_LIMIT:
        raise not_valid(f"Total row count exceed max allowed count: {ROWS_LIMIT}")
    if error := repeated(ids, "row id in sections"):
        raise error


def read_sections(action: Parameters) -> list[Parameters]:
    """A section has a title when there are several."""
    sections = action.items("sections")
    if len(sections) > SECTIONS_LIMIT:
        raise not_valid(f"Total section count exceed max allowed count: {SECTIONS_LIMIT}")
    for section in sections:
        if len(sections) > 1:
            section.text("title", SECTION_TITLE)
        else:
            section.maybe_text("title", SECTION_TITLE)
    return sections


def _read_button(button: Parameters) -> tuple[str, str]:
    button.choice("type", "reply")
    reply = button.inner("reply")
    id_ = reply.text("id", BUTTON_ID)
    if id_ != id_.strip():
        raise not_valid("Button id must not begin or end with a space.")
    return id_, reply.text("title", BUTTON_TITLE)


def _read_rows(section: Parameters) -> list[str]:
    ids = []
    for row in section.items("rows"):
        ids.append(row.text("id", ROW_ID))
        row.text("title", ROW_TITLE)
        row.maybe_text("description", ROW_DESCRIPTION)
    return ids
