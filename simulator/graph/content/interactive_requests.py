"""Links to open, and requests for a location, an address or contact information (Meta: interactive messages)."""

from __future__ import annotations

from simulator.graph.content.interactive_parts import (
    ANY_HEADER,
    read_action,
    read_body,
    read_footer,
    read_header,
    read_link_button,
)
from simulator.graph.content.sending import Sending
from simulator.graph.parameters import Parameters

# Meta: address messages, which exist in India only.
_ADDRESS_FIELDS = (
    "name",
    "phone_number",
    "in_pin_code",
    "floor_number",
    "building_name",
    "address",
    "landmark_area",
    "house_number",
    "tower_number",
    "city",
    "state",
)


def link(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, *ANY_HEADER)
    read_body(given)
    read_footer(given)
    read_link_button(read_action(given, "cta_url"))


def location(given: Parameters, _sending: Sending) -> None:
    read_body(given)
    read_action(given, "send_location")


def contact_info(given: Parameters, _sending: Sending) -> None:
    read_body(given)
    read_action(given, "request_contact_info")


def address(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, "text")
    read_body(given)
    read_footer(given)
    parameters = read_action(given, "address_message").inner("parameters")
    parameters.choice("country", "IN")
    if (values := parameters.maybe_inner("values")) is not None:
        _read_address(values)
    for saved in parameters.maybe_items("saved_addresses"):
        saved.text("id")
        _read_address(saved.inner("value"))
    if (wrong := parameters.maybe_inner("validation_errors")) is not None:
        _read_address(wrong)


def _read_address(given: Parameters) -> None:
    for field in _ADDRESS_FIELDS:
        given.maybe_text(field)
