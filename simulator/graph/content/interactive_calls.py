"""The button that calls the business, and the request to be allowed to call (Meta: calling API)."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.graph.content.interactive_parts import (
    ANY_HEADER,
    DISPLAY_TEXT,
    read_action,
    read_body,
    read_footer,
    read_header,
)
from simulator.graph.content.sending import Sending
from simulator.graph.errors import messaging_error
from simulator.graph.parameters import Length, Parameters

CALL_TTL_MINUTES = (1, 43_200)
CALL_PAYLOAD = Length(512)

# Meta: request call permission. So many requests to a person in so many seconds.
PERMISSION_LIMITS = ((1, 86_400.0), (2, 7 * 86_400.0))

_KIND = "call_permission_request"


def call_button(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, *ANY_HEADER)
    read_body(given)
    read_footer(given)
    parameters = read_action(given, "voice_call").maybe_inner("parameters")
    if parameters is not None:
        parameters.maybe_text("display_text", DISPLAY_TEXT)
        parameters.maybe_text("payload", CALL_PAYLOAD)
        if parameters.has("ttl_minutes"):
            parameters.whole("ttl_minutes", *CALL_TTL_MINUTES)


def permission(given: Parameters, sending: Sending) -> None:
    if given.has("body"):
        read_body(given)
    read_action(given, _KIND)
    asked = [sending.at - at for at in _earlier_requests(sending)]
    for most, within_s in PERMISSION_LIMITS:
        if sum(age_s < within_s for age_s in asked) >= most:
            raise messaging_error(138009, "The limit of call permission requests to this user has been reached.")


def _earlier_requests(sending: Sending) -> Iterator[float]:
    conversations = sending.world.conversations
    for message in conversations.messages_of(conversations.thread(sending.recipient.wa_id, sending.number.id)):
        content = message.content.get("interactive")
        if message.author == "business" and isinstance(content, dict) and content.get("type") == _KIND:
            yield message.at
