"""Whom a message is for: a phone number, a business-scoped user id, or a group (Meta: messages; user ids; groups).

Called by `messages.py` first of all, and by the planned faults, which want to know about whom a request is.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.parameters import Parameters
from simulator.state import Group, Number

_SEPARATORS = str.maketrans("", "", "+-(). \u00a0")
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")


class Recipient(NamedTuple):
    """`wa_id`: the person's digits, or the id of the group. `contact`: how the answer names them."""

    wa_id: str
    address: str
    contact: Json
    group: Group | None = None

    @property
    def only_by_user_id(self) -> bool:
        return "wa_id" not in self.contact and self.group is None


def recipient(call: Call, request: Parameters) -> Recipient:
    """Raises GraphError when nobody is named, or nobody who can be."""
    kind = request.choice("recipient_type", "individual", "group", default="individual")
    if kind == "group":
        return _group(call, _to(request))
    if not request.has("to") and request.has("recipient"):
        return _person_by_user_id(call, request.text("recipient"))
    return _person_by_number(call.require_number(), request)


def plain_digits(to: object) -> str:
    """A phone number as people write it, without what separates its digits; empty when it is none at all."""
    if isinstance(to, int) and not isinstance(to, bool):
        to = str(to)
    if not isinstance(to, str):
        return ""
    digits = to.removeprefix("+")
    return digits if digits.isdigit() else to.translate(_SEPARATORS)


def _person_by_number(number: Number, request: Parameters) -> Recipient:
    """With both a number and a user id the number counts, and the answer has both."""
    to = _to(request)
    digits = plain_digits(to)
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15):
        raise errors.not_valid("Recipient phone number is not a valid phone number.")
    if digits == number.digits:
        raise errors.messaging_error(131021, "The recipient is the sender's own number.")
    contact: Json = {"input": to, "wa_id": digits}
    if request.has("recipient"):
        contact["user_id"] = request.text("recipient")
    return Recipient(digits, digits, contact)


def _person_by_user_id(call: Call, user_id: str) -> Recipient:
    person = None
    if _USER_ID.fullmatch(user_id):
        person = call.world.store.person_with(user_id, call.require_waba())
    if person is None:
        raise errors.not_valid("Recipient is not a user ID of this business portfolio.")
    return Recipient(person.id, user_id, {"input": user_id, "user_id": user_id})


def _group(call: Call, group_id: str) -> Recipient:
    group = call.world.store.groups.get(group_id)
    if group is None or group.phone_number_id != call.require_number().id:
        raise errors.messaging_error(131041, "The group does not exist, or this number is not in it.")
    if not group.participants:
        raise errors.messaging_error(131020, "The group has no other participant.")
    return Recipient(group.id, group.id, {"input": group_id, "wa_id": group_id}, group)


def _to(request: Parameters) -> str:
    """Numbers are taken as well as texts, as recorded requests of clients show."""
    value: Any = request.peek("to")
    if value in (None, ""):
        raise request.missing("to")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return request.text("to")
