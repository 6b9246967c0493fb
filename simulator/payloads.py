"""The `value` objects of webhooks under the field `messages`: inbound messages and statuses.

Pure; called by the emitter. The shapes are those of Graph v24 and later: no `conversation` object, prices per
message, business-scoped user ids beside phone numbers (Meta: messages and status messages webhook pages).
"""

from __future__ import annotations

from typing import Any

from simulator import meta_errors
from simulator.conversations import Message
from simulator.ids import bsuid
from simulator.state import Number, Person, Waba

Payload = dict[str, Any]

_ERROR_PAGE = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"

# A service message inside the monthly allowance. Meta sends the price with `sent` and one of the later ones.
_SERVICE_PRICE = {
    "billable": False,
    "pricing_model": "PMP",
    "type": "free_customer_service",
    "category": "service",
}
_PRICED = ("sent", "delivered")

# code: title, details
ASYNC_ERRORS = {
    130472: (
        "User's number is part of an experiment",
        "Failed to send message because this user's phone number is part of an experiment",
    ),
    131000: ("Something went wrong", "Message failed to send due to an unknown error."),
    131009: ("Parameter value is not valid", "Please check the message ID you have provided."),
    131026: ("Message undeliverable", "Message Undeliverable."),
    131042: (
        "Business eligibility payment issue",
        "Message failed to send because there were one or more errors related to your payment method.",
    ),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    131048: (
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on this phone number.",
    ),
    131049: (
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131053: (
        "Media upload error",
        "The media cannot be sent: its type does not fit the message.",
    ),
    131050: (
        "User has stopped receiving marketing messages",
        "The recipient chose to stop receiving marketing messages on WhatsApp from your business.",
    ),
    132015: ("Template is paused", "Template is paused due to low quality so it cannot be sent in a template message."),
}


def user_id_of(person: Person, waba: Waba) -> str:
    return person.bsuid or bsuid(person.id, waba.business_id)


def inbound(message: Message, person: Person, number: Number, waba: Waba) -> Payload:
    """A person's message, as its `value`."""
    user_id = user_id_of(person, waba)
    payload: Payload = {
        "from": person.id,
        "from_user_id": user_id,
        "id": message.wamid,
        "timestamp": str(int(message.at)),
        **message.content,
    }
    if message.reply_to is not None:
        payload["context"] = {"from": number.digits, "id": message.reply_to}
    return {**_head(number), "contacts": [_contact(person, user_id)], "messages": [payload]}


def status(message: Message, name: str, at: float, person: Person | None, number: Number, waba: Waba) -> Payload:
    """A status of a business's message, as its `value`; `person` is None when nobody has that number."""
    payload: Payload = {
        "id": message.wamid,
        "status": name,
        "timestamp": str(int(at)),
        "recipient_id": message.wa_id,
    }
    if message.opaque is not None:
        payload["biz_opaque_callback_data"] = message.opaque
    if message.group_id is not None:
        payload["recipient_type"] = "group"
    if name == "failed":
        payload["errors"] = [_error(message.failure or 131026)]
        return {**_head(number), "statuses": [payload]}
    if name in _PRICED:
        payload["pricing"] = _SERVICE_PRICE
    if person is None:
        return {**_head(number), "statuses": [payload]}
    user_id = user_id_of(person, waba)
    payload["recipient_user_id"] = user_id
    return {**_head(number), "contacts": [_contact(person, user_id)], "statuses": [payload]}


def _head(number: Number) -> Payload:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.digits, "phone_number_id": number.id},
    }


def _contact(person: Person, user_id: str) -> Payload:
    return {"profile": {"name": person.name}, "wa_id": person.id, "user_id": user_id}


def _error(code: int) -> Payload:
    title, details = ASYNC_ERRORS.get(code) or _planned_error(code)
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}, "href": _ERROR_PAGE}


def _planned_error(code: int) -> tuple[str, str]:
    """Of a code that only a planned fault brings."""
    title = meta_errors.title_of(code)
    return title, f"{title.removesuffix('.')}."
