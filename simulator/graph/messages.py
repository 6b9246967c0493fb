"""`POST /{phone-number-id}/messages` and `/marketing_messages`: check, write to the ledger, hand over, answer.

Called by the router. There is no idempotency, as at Meta: the same request twice is two messages.
"""

from __future__ import annotations

import hashlib

from simulator.conversations import Message
from simulator.graph import direct_send, window
from simulator.graph.admission import admit
from simulator.graph.calls import Call, Json
from simulator.graph.content.sending import Sending
from simulator.graph.content.types import checked_content
from simulator.graph.errors import messaging_error
from simulator.graph.parameters import Content, Length, Parameters
from simulator.graph.receipts import mark_read
from simulator.graph.recipients import recipient
from simulator.lifetimes import lifetime_s

OPAQUE = Length(512)  # Meta: messages reference

_MARKETING_LITE = "marketing_lite"
_IDENTITY_CHANGED = 137000


def send(call: Call) -> Json:
    request = _request(call)
    if request.has("status"):
        return mark_read(call, request)
    return _send_message(call, request)


def send_marketing(call: Call) -> Json:
    """Templates of the marketing category to one person, and nothing else (Meta: Marketing Messages API)."""
    request = _request(call)
    request.choice("recipient_type", "individual", default="individual")
    request.choice("product_policy", "CLOUD_API_FALLBACK", "STRICT", default="CLOUD_API_FALLBACK")
    request.flag("message_activity_sharing")
    return _send_message(call, request, marketing=True)


def _request(call: Call) -> Parameters:
    request = call.parameters()
    if not request.has("messaging_product"):
        raise request.missing("messaging_product")
    request.choice("messaging_product", "whatsapp")
    return request


def _send_message(call: Call, request: Parameters, *, marketing: bool = False) -> Json:
    to = recipient(call, request)
    sending = Sending(call.world, call.require_number(), call.require_waba(), call.at, to)
    content = checked_content(request, sending)
    category = _category(request, sending, content, marketing=marketing)
    if category == "service" and to.group is None:
        window.check(sending)
    admit(sending, category)
    _check_identity(request, sending)
    message = _message(call, request, sending, content, category)
    _write_down(call, message)
    call.world.carrier.accept(message)
    call.world.ledger.flush()
    return _answer(message, sending)


def _category(request: Parameters, sending: Sending, content: Content, *, marketing: bool) -> str:
    """What the message counts as. Only a service message needs an open window."""
    if marketing:
        _require_marketing(sending)
        return _MARKETING_LITE
    if sending.template is not None:
        return sending.template.category.lower()
    return direct_send.category_of(request, sending, content) or "service"


def _require_marketing(sending: Sending) -> None:
    if sending.template is None:
        raise messaging_error(131055, "Only marketing template messages are supported")
    if sending.template.category != "MARKETING":
        raise messaging_error(134100, "You're only able to send marketing messages on this API.")


def _message(call: Call, request: Parameters, sending: Sending, content: Content, category: str) -> Message:
    to = sending.recipient
    return Message(
        wamid=call.world.ids.wamid_of_business(to.address),
        author="business",
        phone_number_id=sending.number.id,
        wa_id=to.wa_id,
        at=call.at,
        content=content,
        reply_to=_replied_message(request),
        opaque=request.maybe_text("biz_opaque_callback_data", OPAQUE),
        failure=sending.fails_with,
        failure_details=sending.fails_because,
        category=category,
        group_id=to.group.id if to.group is not None else None,
        held=sending.held,
        expires_at=call.at + lifetime_s(category, _asked_lifetime_s(sending, category)),
    )


def _asked_lifetime_s(sending: Sending, category: str) -> float | None:
    """Of Direct Send or of the template; a marketing template's counts on its own API only (Meta: time-to-live)."""
    if sending.template is None:
        return sending.ttl_s
    return None if category == "marketing" else sending.template.message_send_ttl_seconds


def _check_identity(request: Parameters, sending: Sending) -> None:
    """A message for who they were before they installed WhatsApp anew fails later (Meta: identity change check)."""
    expected = request.maybe_text("recipient_identity_key_hash")
    person = sending.world.store.person_at(sending.recipient.wa_id)
    if expected is not None and person is not None and expected != person.identity_key_hash:
        sending.fail_later(_IDENTITY_CHANGED)


def _replied_message(request: Parameters) -> str | None:
    context = request.maybe_inner("context")
    return context.text("message_id") if context is not None else None


def _write_down(call: Call, message: Message) -> None:
    call.world.ledger.append(
        "send",
        at=call.at,
        type=message.content["type"],
        wamid=message.wamid,
        phone_number_id=message.phone_number_id,
        wa_id=message.wa_id,
        group_id=message.group_id,
        category=message.category,
        biz_opaque_callback_data=message.opaque,
        reply_to=message.reply_to,
        fails_with=message.failure,
        expires_at=message.expires_at,
        sha256=hashlib.sha256(call.body).hexdigest(),
    )


def _answer(message: Message, sending: Sending) -> Json:
    """Of templates Meta says at once whether they wait for their quality to be assessed."""
    shown: Json = {"id": message.wamid}
    if message.group_id is not None:
        shown["group_id"] = message.group_id
    if sending.template is not None:
        shown["message_status"] = "held_for_quality_assessment" if sending.held else "accepted"
    return {"messaging_product": "whatsapp", "contacts": [sending.recipient.contact], "messages": [shown]}
