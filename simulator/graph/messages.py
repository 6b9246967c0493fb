"""`POST /{phone-number-id}/messages`: check, write to the ledger, hand over to the carrier, answer.

Called by the router. There is no idempotency, as at Meta: the same request twice is two messages.
"""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.conversations import Message
from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.message_types import checked_content
from simulator.graph.receipts import mark_read
from simulator.ids import wamid_of_business
from simulator.state import Number

OPAQUE_LIMIT = 512

_SEPARATORS = str.maketrans("", "", "+-(). \u00a0")
_REENGAGEMENT = 131047


def send(call: Call) -> Json:
    request = call.json_body()
    if "messaging_product" not in request:
        raise errors.parameter_required("messaging_product")
    if request["messaging_product"] != "whatsapp":
        raise errors.parameter_wrong("Param messaging_product must be one of {WHATSAPP}.")
    if "status" in request:
        return mark_read(call, request)
    return _send_message(call, request)


def _send_message(call: Call, request: dict[str, Any]) -> Json:
    number = call.require_number()
    to = _recipient(request)
    wa_id = _wa_id(to)
    if wa_id == number.digits:
        raise errors.messaging_error(131021, "The recipient is the sender's own number.")
    content = checked_content(request)
    message = Message(
        wamid=wamid_of_business(wa_id),
        author="business",
        phone_number_id=number.id,
        wa_id=wa_id,
        at=call.at,
        content=content,
        reply_to=_replied_message(request),
        opaque=_opaque(request),
        failure=_failure_of_closed_window(call, number, wa_id),
    )
    _write_down(call, message)
    call.world.carrier.accept(message)
    call.world.ledger.flush()
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": to, "wa_id": wa_id}],
        "messages": [{"id": message.wamid}],
    }


def _write_down(call: Call, message: Message) -> None:
    call.world.ledger.append(
        "send",
        at=call.at,
        type=message.content["type"],
        wamid=message.wamid,
        phone_number_id=message.phone_number_id,
        wa_id=message.wa_id,
        biz_opaque_callback_data=message.opaque,
        reply_to=message.reply_to,
        fails_with=message.failure,
        sha256=hashlib.sha256(call.body).hexdigest(),
    )


def _recipient(request: dict[str, Any]) -> str:
    kind = request.get("recipient_type", "individual")
    if kind == "group":
        raise errors.invalid("The simulator does not send to groups yet.")
    if kind != "individual":
        raise errors.parameter_wrong("Param recipient_type must be one of {INDIVIDUAL, GROUP}.")
    to = request.get("to")
    if to is None and "recipient" in request:
        raise errors.invalid("The simulator does not send to business-scoped user ids yet; give 'to'.")
    if to is None or to == "":
        raise errors.parameter_required("to")
    if not isinstance(to, str):
        raise errors.parameter_wrong("Param to must be a string.")
    return to


def plain_digits(to: str) -> str:
    """A phone number as people write it, without what separates its digits."""
    return to.translate(_SEPARATORS)


def _wa_id(to: str) -> str:
    digits = plain_digits(to)
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15):
        raise errors.not_valid("Recipient phone number is not a valid phone number.")
    return digits


def _replied_message(request: dict[str, Any]) -> str | None:
    context = request.get("context")
    if context is None:
        return None
    wamid = context.get("message_id") if isinstance(context, dict) else None
    if not isinstance(wamid, str) or not wamid:
        raise errors.invalid("Param context['message_id'] must be the id of a message.")
    return wamid


def _opaque(request: dict[str, Any]) -> str | None:
    opaque = request.get("biz_opaque_callback_data")
    if opaque is None:
        return None
    if not isinstance(opaque, str):
        raise errors.invalid("Param biz_opaque_callback_data must be a string.")
    if len(opaque) > OPAQUE_LIMIT:
        raise errors.invalid(f"Param biz_opaque_callback_data must be at most {OPAQUE_LIMIT} characters long.")
    return opaque


def _failure_of_closed_window(call: Call, number: Number, wa_id: str) -> int | None:
    """The code with which a free-form message will fail later; None when it may go.

    A number that nobody has is never refused here: it is accepted and turns out to be undeliverable.
    """
    world = call.world
    mode = world.store.settings.closed_window
    if mode == "allow" or wa_id not in world.store.people:
        return None
    if world.conversations.window_is_open(wa_id, number.id, call.at):
        return None
    if mode == "fail":
        return _REENGAGEMENT
    raise errors.messaging_error(
        _REENGAGEMENT,
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    )
