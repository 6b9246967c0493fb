"""Flows within the window (Meta: sending a Flow). Which Flows exist is not known here: every id and name is taken."""

from __future__ import annotations

from simulator.graph.content.interactive_parts import ANY_HEADER, read_action, read_body, read_footer, read_header
from simulator.graph.content.sending import Sending
from simulator.graph.errors import not_valid
from simulator.graph.parameters import Length, Parameters

FLOW_BUTTON = Length(30)
FLOW_VERSION = "3"


def flow(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, *ANY_HEADER)
    read_body(given)
    read_footer(given)
    parameters = read_action(given, "flow").inner("parameters")
    parameters.choice("flow_message_version", FLOW_VERSION)
    if parameters.has("flow_id") is parameters.has("flow_name"):
        raise not_valid("Exactly one of flow_id and flow_name must be given.")
    parameters.maybe_text("flow_id")
    parameters.maybe_text("flow_name")
    parameters.text("flow_cta", FLOW_BUTTON)
    parameters.fallback("flow_token", "unused")
    parameters.choice("mode", "draft", "published", default="published")
    parameters.choice("flow_action", "navigate", "data_exchange", default="navigate")
    if (payload := parameters.maybe_inner("flow_action_payload")) is not None:
        _read_first_screen(payload)


def _read_first_screen(payload: Parameters) -> None:
    payload.maybe_text("screen")
    if payload.has("data") and not payload.open_inner("data").kept:
        raise payload.wrong("data", "must not be empty.")
