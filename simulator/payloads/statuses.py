"""Statuses of a business's messages, as the `value` of the field `messages` (Meta: status messages webhook page).

Called by the emitter. What a message costs follows from its category; which version of Graph an app subscribed with
decides about the `conversation` object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from simulator.conversations import Message
from simulator.payloads.parts import Payload, Scene, contact, error, head, named
from simulator.state import Person, Waba

StatusName = Literal["sent", "delivered", "read", "failed", "played", "deleted", "warning"]

UNDELIVERABLE: Final = 131026
OLD_VERSION: Final = 23

_WITH_CONTACTS = ("sent", "delivered", "read", "played")
_WITH_USERNAME = ("delivered", "read", "played")
_UNDER_CONVERSATIONS = {"authentication-international": "authentication_international"}
_WINDOW_S = 24 * 3600
_CARDS_KEPT = 10_000


@dataclass(slots=True)
class Told:
    """One status of one message to one person. `person` is None when nobody has that number."""

    message: Message
    name: str
    person: Person | None
    code: int | None = None


class _Card(NamedTuple):
    """What statuses say about a person in one account, as long as neither record has been replaced."""

    person: Person
    waba: Waba
    contact: Payload
    contact_with_username: Payload
    names: Payload


_cards: dict[tuple[str, str], _Card] = {}


def status(told: Told, scene: Scene) -> Payload:
    return group_statuses([told], scene)


def group_statuses(all_told: Iterable[Told], scene: Scene) -> Payload:
    """The value with these statuses; those of a group are of one message, each for one participant."""
    statuses, contacts = [], []
    for told in all_told:
        statuses.append(_status(told, scene))
        if told.person is not None and told.name in _WITH_CONTACTS:
            card = _card(told.person, scene.waba)
            contacts.append(card.contact_with_username if told.name in _WITH_USERNAME else card.contact)
    cards: Payload = {"contacts": contacts} if contacts else {}
    return {**head(scene.the_number()), **cards, "statuses": statuses}


def _status(told: Told, scene: Scene) -> Payload:
    message = told.message
    made: Payload = {
        "id": message.wamid,
        "status": told.name,
        "timestamp": str(int(scene.at)),
        **_recipient(told, scene),
    }
    if message.opaque is not None:
        made["biz_opaque_callback_data"] = message.opaque
    if told.name == "failed":
        made["errors"] = [error(told.code or UNDELIVERABLE)]
    if _is_priced(told):
        if scene.old or message.free_entry_until is not None:
            made["conversation"] = _conversation(told, scene)
        made["pricing"] = price(message)
    return made


def _recipient(told: Told, scene: Scene) -> Payload:
    message, person = told.message, told.person
    if message.group_id is not None:
        of_group: Payload = {"recipient_id": message.group_id, "recipient_type": "group"}
        if person is not None:
            of_group |= named(
                person,
                scene.waba,
                phone="recipient_participant_id",
                user="recipient_participant_user_id",
                parent="recipient_participant_parent_user_id",
            )
        return of_group
    if person is None:
        return {"recipient_id": message.wa_id}
    names = _card(person, scene.waba).names
    if scene.the_number().checks_identity:
        return {**names, "recipient_identity_key_hash": person.identity_key_hash}
    return names


def _card(person: Person, waba: Waba) -> _Card:
    card = _cards.get((person.id, waba.id))
    if card is None or card.person is not person or card.waba is not waba:
        card = _Card(
            person,
            waba,
            contact(person, waba, with_username=False),
            contact(person, waba),
            named(person, waba, phone="recipient_id", user="recipient_user_id", parent="parent_recipient_user_id"),
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


def price(message: Message) -> Payload:
    """Per message (Meta: pricing). A service message is inside the monthly allowance, as is what a free entry opens."""
    if message.free_entry_until is not None:
        return {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_entry_point",
            "category": "referral_conversion",
        }
    free = message.category == "service"
    kind = "free_customer_service" if free else "regular"
    return {"billable": not free, "pricing_model": "PMP", "type": kind, "category": message.category}


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
