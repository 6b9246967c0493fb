"""Read receipts and the typing indicator: `{"status": "read", "message_id": …}` (Meta: mark messages as read).

Called by `messages.py`. A receipt also marks the earlier messages of that chat.
"""

from __future__ import annotations

from typing import Any

from simulator.conversations import Message
from simulator.graph import errors
from simulator.graph.calls import Call, Json

_TYPING_LASTS_S = 25.0


def mark_read(call: Call, request: dict[str, Any]) -> Json:
    if request["status"] != "read":
        raise errors.parameter_wrong("Param status must be one of {READ}.")
    typing = _typing_wanted(request)
    message = _inbound_message(call, request.get("message_id"))
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
    for earlier in thread.messages:
        if earlier.author == "person" and earlier.at <= message.at:
            earlier.ticks.setdefault("read", call.at)
    if typing:
        thread.typing_until = call.at + _TYPING_LASTS_S
    return {"success": True}


def _typing_wanted(request: dict[str, Any]) -> bool:
    indicator = request.get("typing_indicator")
    if indicator is None:
        return False
    if indicator != {"type": "text"}:
        raise errors.invalid("Param typing_indicator['type'] must be 'text'.")
    return True


def _inbound_message(call: Call, wamid: object) -> Message:
    if wamid is None:
        raise errors.parameter_required("message_id")
    message = call.world.conversations.find(wamid) if isinstance(wamid, str) else None
    if message is None or message.phone_number_id != call.require_number().id:
        raise errors.not_valid("Please check the message ID you have provided.")
    if message.author == "business":
        raise errors.not_valid(
            f"Message supplied to mark message as read API with message ID: {message.wamid} is outgoing. "
            "Please use an incoming message ID."
        )
    return message
