"""Statuses of a business's messages, as the `value` of the field `messages` (Meta: status messages webhook page).

Called by the emitter. Three come of each message, so what they say of a number and a person is kept ready-made. What a
message costs follows from its category; which version of Graph an app subscribed with decides about `conversation`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

from simulator import wire
from simulator.conversations import Message
from simulator.payloads.parts import Payload, Scene, contact, error, head, named
from simulator.state import Number, Person, Waba

StatusName = Literal["sent", "delivered", "read", "failed", "played", "deleted", "warning"]

UNDELIVERABLE: Final = 131026

_WITH_CONTACTS = ("sent", "delivered", "read", "played")
_WITH_USERNAME = ("delivered", "read", "played")
_UNDER_CONVERSATIONS = {"authentication-international": "authentication_international"}
_WINDOW_S = 24 * 3600
_CARDS_KEPT = 10_000


class Told(msgspec.Struct):
    """One status of one message to one person. `person` is None when nobody has that number."""

    message: Message
    name: str
    person: Person | None
    code: int | None = None


class _Card(NamedTuple):
    """What statuses say about a person in one account, as long as neither record has been replaced."""

    person: Person
    waba: Waba
    contact: str
    contact_with_username: str
    names: str


_cards: dict[tuple[str, str], _Card] = {}
_heads: dict[str, tuple[Number, str]] = {}


def value(all_told: Iterable[Told], scene: Scene) -> str:
    """The value with these statuses, encoded; those of a group are of one message, each for one participant."""
    number = scene.the_number()
    statuses, contacts = [], []
    for told in all_told:
        card = None if told.person is None else _card(told.person, scene.waba)
        statuses.append(_status(told, card, scene, number))
        if card is not None and told.name in _WITH_CONTACTS:
            contacts.append(card.contact_with_username if told.name in _WITH_USERNAME else card.contact)
    cards = f'"contacts":[{",".join(contacts)}],' if contacts else ""
    return f'{{{_head(number)}{cards}"statuses":[{",".join(statuses)}]}}'


def _head(number: Number) -> str:
    known, text = _heads.get(number.id, (None, ""))
    if known is not number:
        text = f"{_members(head(number))},"
        _heads[number.id] = number, text
    return text


def _status(told: Told, card: _Card | None, scene: Scene, number: Number) -> str:
    message = told.message
    id_, opaque = _said_of(message.wamid, message.opaque)
    to = _recipient(told, card, number, scene.waba)
    made = f'{{{id_},"status":"{told.name}","timestamp":"{int(scene.at)}",{to}{opaque}'
    if told.name == "failed":
        made += f',"errors":[{wire.dumps(_error(told))}]'
    if _is_priced(told):
        if scene.old or message.free_entry_until is not None:
            made += f',"conversation":{wire.dumps(_conversation(told, scene))}'
        made += _price(message.category, free_entry=message.free_entry_until is not None)
    return made + "}"


def _error(told: Told) -> Payload:
    return error(told.code or UNDELIVERABLE, told.message.failure_details)


@lru_cache(maxsize=10_000)
def _said_of(wamid: str, opaque: str | None) -> tuple[str, str]:
    """What every status of a message begins with, and what it says for the business."""
    said = "" if opaque is None else f',"biz_opaque_callback_data":{wire.dumps(opaque)}'
    return f'"id":{wire.dumps(wamid)}', said


def _recipient(told: Told, card: _Card | None, number: Number, waba: Waba) -> str:
    message = told.message
    if message.group_id is not None:
        return _members(_participant(message.group_id, told.person, waba))
    if card is None:
        return _members({"recipient_id": message.wa_id})
    if number.checks_identity:
        return f'{card.names},"recipient_identity_key_hash":"{card.person.identity_key_hash}"'
    return card.names


def _participant(group_id: str, person: Person | None, waba: Waba) -> Payload:
    of_group: Payload = {"recipient_id": group_id, "recipient_type": "group"}
    if person is not None:
        of_group |= named(
            person,
            waba,
            phone="recipient_participant_id",
            user="recipient_participant_user_id",
            parent="recipient_participant_parent_user_id",
        )
    return of_group


def _members(payload: Payload) -> str:
    """The members of an object without its braces."""
    return wire.dumps(payload)[1:-1]


def _card(person: Person, waba: Waba) -> _Card:
    card = _cards.get((person.id, waba.id))
    if card is None or card.person is not person or card.waba is not waba:
        card = _Card(
            person,
            waba,
            wire.dumps(contact(person, waba, with_username=False)),
            wire.dumps(contact(person, waba)),
            _members(
                named(person, waba, phone="recipient_id", user="recipient_user_id", parent="parent_recipient_user_id")
            ),
        )
        if len(_cards) >= _CARDS_KEPT:
            _cards.clear()
        _cards[person.id, waba.id] = card
    return card


def _is_priced(told: Told) -> bool:
    """Sent, and delivered or else read (Meta: status messages webhook); in a group only for its people (Groups API)."""
    message, person = told.message, told.person
    if message.group_id is not None and person is None:
        return False
    if told.name == "read":
        return person is not None and not message.has("delivered", person.id)
    return told.name in ("sent", "delivered")


@lru_cache(maxsize=100)
def _price(category: str, *, free_entry: bool) -> str:
    """Per message (Meta: pricing). A service message is inside the monthly allowance, as is what a free entry opens."""
    kind, billable = "regular", True
    if free_entry:
        kind, billable, category = "free_entry_point", False, "referral_conversion"
    elif category == "service":
        kind, billable = "free_customer_service", False
    price = {"billable": billable, "pricing_model": "PMP", "type": kind, "category": category}
    return f',"pricing":{wire.dumps(price)}'


def _conversation(told: Told, scene: Scene) -> Payload:
    """Until v23 every message has its own; from v24 on only a free entry point has one."""
    message = told.message
    name = message.wamid if message.free_entry_until is None else f"{message.wa_id}/{message.phone_number_id}"
    made: Payload = {"id": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}
    if told.name == "sent":
        until = scene.at + _WINDOW_S if message.free_entry_until is None else message.free_entry_until
        made["expiration_timestamp"] = str(int(until))
    category = "referral_conversion" if message.free_entry_until is not None else message.category
    made["origin"] = {"type": _UNDER_CONVERSATIONS.get(category, category)}
    return made
