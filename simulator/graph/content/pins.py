"""Pinning a message of a group, and taking the pin away (Meta: groups messaging). Called through `types.py`."""

from __future__ import annotations

from simulator.graph.content.sending import Sending
from simulator.graph.errors import messaging_error, not_valid
from simulator.graph.parameters import Content, Parameters

EXPIRATION_DAYS = (1, 30)


def pin(message: Parameters, sending: Sending) -> Content:
    given = message.inner("pin")
    if sending.recipient.group is None:
        raise messaging_error(131051, "Messages can be pinned in groups only.")
    type_ = given.choice("type", "pin", "unpin")
    if sending.message_of_chat(given.text("message_id")) is None:
        raise not_valid("Please check the message ID you have provided.")
    if type_ == "pin":
        given.whole("expiration_days", *EXPIRATION_DAYS)
    return given.done()
