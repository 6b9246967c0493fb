"""Contact cards (Meta: contacts messages). Called through the table in `types.py`."""

from __future__ import annotations

import re

from simulator.graph.content.sending import Sending
from simulator.graph.errors import not_valid
from simulator.graph.parameters import Content, Parameters

CONTACTS_LIMIT = 257

_NAME_PARTS = ("first_name", "last_name", "middle_name", "suffix", "prefix")
_ADDRESS = ("street", "city", "state", "zip", "country", "country_code", "type")
_ORGANISATION = ("company", "department", "title")
_BIRTHDAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def contacts(message: Parameters, _sending: Sending) -> list[Content]:
    cards = message.items("contacts", CONTACTS_LIMIT)
    for card in cards:
        _read_card(card)
    return [card.done() for card in cards]


def _read_card(card: Parameters) -> None:
    _read_name(card.inner("name"))
    for phone in card.maybe_items("phones"):
        _read_texts(phone, "phone", "type", "wa_id")
    for email in card.maybe_items("emails"):
        _read_texts(email, "email", "type")
    for url in card.maybe_items("urls"):
        _read_texts(url, "url", "type")
    for address in card.maybe_items("addresses"):
        _read_texts(address, *_ADDRESS)
    if (organisation := card.maybe_inner("org")) is not None:
        _read_texts(organisation, *_ORGANISATION)
    birthday = card.maybe_text("birthday")
    if birthday and not _BIRTHDAY.fullmatch(birthday):
        raise card.wrong("birthday", "must be a date of the form YYYY-MM-DD.")


def _read_name(name: Parameters) -> None:
    """Besides the formatted name at least one of its parts."""
    name.text("formatted_name")
    _read_texts(name, *_NAME_PARTS)
    if not any(name.kept.get(part) for part in _NAME_PARTS):
        raise not_valid("At least one of the optional name parameters must be given along with formatted_name.")


def _read_texts(given: Parameters, *keys: str) -> None:
    for key in keys:
        given.maybe_text(key)
