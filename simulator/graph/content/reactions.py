"""Reactions to a message of the chat (Meta: reaction messages). Called through the table in `types.py`."""

from __future__ import annotations

from simulator.conversations import Message
from simulator.graph.content.sending import Sending
from simulator.graph.errors import not_valid
from simulator.graph.parameters import Content, Length, Parameters

EMOJI = Length(64)  # one emoji, which may be a long sequence of characters
OLDEST_TARGET_S = 30 * 86_400.0

_PARAMETER_NOT_VALID = 131009


def reaction(message: Parameters, sending: Sending) -> Content:
    """An empty emoji takes the reaction back. What cannot be reacted to is accepted and fails later."""
    given = message.inner("reaction")
    target = given.text("message_id")
    if not target.startswith("wamid."):
        raise not_valid("Invalid message_id")
    emoji = given.maybe_text("emoji", EMOJI)
    if emoji is None:
        raise given.missing("emoji")
    if emoji and emoji.isascii():
        raise not_valid("Param reaction['emoji'] must be an emoji.")
    if not _can_be_reacted_to(sending.message_of_chat(target), sending.at):
        sending.fail_later(_PARAMETER_NOT_VALID)
    return given.done()


def _can_be_reacted_to(target: Message | None, at: float) -> bool:
    return target is not None and target.content["type"] != "reaction" and at - target.at <= OLDEST_TARGET_S
