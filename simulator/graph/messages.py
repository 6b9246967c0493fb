"""`POST /{phone-number-id}/messages`: check, write to the ledger, hand over to the carrier, answer.

Called by the router. There is no idempotency, as at Meta: the same request twice is two messages.
"""

from __future__ import annotations

import hashlib

from simulator.conversations import Message
from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.content.sending import Sending
from simulator.graph.content.types import checked_content
from simulator.graph.parameters import Content, Length, Parameters
from simulator.graph.receipts import mark_read
from simulator.graph.recipients import Recipient, recipient
from simulator.ids import wamid_of_business

OPAQUE = Length(512)  # Meta: messages reference

_REENGAGEMENT = 131047


class _NoMedia:
    """Until numbers can upload media, no id of one is known."""

    def find(self, media_id: str) -> None:
        return None


def send(call: Call) -> Json:
    request = call.parameters()
    if not request.has("messaging_product"):
        raise request.missing("messaging_product")
    request.choice("messaging_product", "whatsapp")
    if request.has("status"):
        return mark_read(call, request)
    return _send_message(call, request)


def _send_message(call: Call, request: Parameters) -> Json:
    to = recipient(call, request)
    sending = Sending(call.world, call.require_number(), call.require_waba(), call.at, to, _NoMedia())
    content = checked_content(request, sending)
    _check_window(call, sending)
    message = _message(call, request, sending, content)
    _write_down(call, message)
    call.world.carrier.accept(message)
    call.world.ledger.flush()
    return _answer(message, to)


def _message(call: Call, request: Parameters, sending: Sending, content: Content) -> Message:
    to = sending.recipient
    return Message(
        wamid=wamid_of_business(to.address),
        author="business",
        phone_number_id=sending.number.id,
        wa_id=to.wa_id,
        at=call.at,
        content=content,
        reply_to=_replied_message(request),
        opaque=request.maybe_text("biz_opaque_callback_data", OPAQUE),
        failure=sending.fails_with,
    )


def _answer(message: Message, to: Recipient) -> Json:
    return {"messaging_product": "whatsapp", "contacts": [to.contact], "messages": [{"id": message.wamid}]}


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


def _replied_message(request: Parameters) -> str | None:
    context = request.maybe_inner("context")
    return context.text("message_id") if context is not None else None


def _check_window(call: Call, sending: Sending) -> None:
    """Free-form messages need an open customer service window; the settings say what happens without one.

    A number that nobody has is never refused here: it is accepted and turns out to be undeliverable.
    """
    world, wa_id = call.world, sending.recipient.wa_id
    mode = world.store.settings.closed_window
    if mode == "allow" or wa_id not in world.store.people:
        return
    if world.conversations.window_is_open(wa_id, sending.number.id, call.at):
        return
    if mode == "fail":
        sending.fail_later(_REENGAGEMENT)
        return
    raise errors.messaging_error(
        _REENGAGEMENT,
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    )
