"""Read receipts and the typing indicator: `{"status": "read", "message_id": …}` (Meta: mark messages as read).

Called by `messages.py`. A receipt also marks the earlier messages of that chat.
"""

from __future__ import annotations

from simulator.conversations import Message
from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.parameters import Parameters

OLDEST_MESSAGE_S = 30 * 86_400.0

_TYPING_LASTS_S = 25.0


def mark_read(call: Call, request: Parameters) -> Json:
    request.choice("status", "read")
    typing = _typing_wanted(request)
    message = _inbound_message(call, request.text("message_id"))
    world = call.world
    world.ledger.append(
        "receipt",
        at=call.at,
        wamid=message.wamid,
        phone_number_id=message.phone_number_id,
        wa_id=message.wa_id,
        typing=typing,
    )
    world.ledger.flush()
    thread = world.conversations.thread(message.wa_id, message.phone_number_id)
    unread = [world.conversations.known(wamid) for wamid in thread.unread]
    for earlier in unread:
        if earlier.at <= message.at:
            earlier.ticks.setdefault("read", call.at)
    thread.unread = [earlier.wamid for earlier in unread if earlier.at > message.at]
    if typing:
        thread.typing_until = call.at + _TYPING_LASTS_S
    return {"success": True}


def _typing_wanted(request: Parameters) -> bool:
    indicator = request.maybe_inner("typing_indicator")
    if indicator is None:
        return False
    indicator.choice("type", "text")
    indicator.done()
    return True


def _inbound_message(call: Call, wamid: str) -> Message:
    message = call.world.conversations.find(wamid)
    known = message is not None and message.phone_number_id == call.require_number().id
    if message is None or not known or call.at - message.at > OLDEST_MESSAGE_S:
        raise errors.not_valid("Please check the message ID you have provided.")
    if message.author == "business":
        raise errors.not_valid(
            f"Message supplied to mark message as read API with message ID: {message.wamid} is outgoing. "
            "Please use an incoming message ID."
        )
    return message
