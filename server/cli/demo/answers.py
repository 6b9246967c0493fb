"""How the simulated people answer what they get: by themselves, or by what their hands are told to do.

Pure: an answer says what to ask of the simulator's control API. `people` does it once the message has arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from server.cli.demo.contents import CATALOG, Json

READS: Mapping[str, object] = {"reads": True, "read_delay_s": 0.3}
"""What everybody does."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The message that a person answers. `own` is what they have written last in answer to it."""

    phone_number_id: str
    wamid: str
    group_id: str
    own: str = ""


Gesture = Callable[[Seen], tuple[str, Json]]
"""A call of the control API: the path below the person, and the body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`messages` is how many come of it."""

    behaviour: Mapping[str, object] = field(default_factory=dict)
    gestures: tuple[Gesture, ...] = ()
    messages: int = 1


def writes(text: str) -> Answer:
    return _by_hand(_write(text=text))


def replies(text: str) -> Answer:
    """With a reference to the message."""
    return _by_hand(_reply(text=text))


def sends(sample: str) -> Answer:
    return _by_hand(_write(sample=sample))


def reacts(emoji: str) -> Answer:
    return _by_hand(lambda seen: ("reactions", {"message_id": seen.wamid, "emoji": emoji}))


def fills_in(**asked: object) -> Answer:
    """Gives what the message asks for."""
    return _by_hand(lambda seen: ("answers", {"message_id": seen.wamid, **asked}))


def orders(*retailer_ids: str) -> Answer:
    items = [{"product_retailer_id": id_, "quantity": 1, "item_price": 12.5, "currency": "EUR"} for id_ in retailer_ids]
    return _by_hand(_write(order={"catalog_id": CATALOG, "product_items": items, "text": "For Sunday"}))


def asks_about(retailer_id: str) -> Answer:
    product = {"catalog_id": CATALOG, "product_retailer_id": retailer_id}
    return _by_hand(_write(text="Is it sweet?", referred_product=product))


def shares_contact(name: str) -> Answer:
    return _by_hand(_write(contacts=[{"name": {"formatted_name": name}}]))


def writes_in_group(text: str) -> Answer:
    return _by_hand(lambda seen: _write(text=text, group_id=seen.group_id)(seen))


def listens_and_sends(sample: str) -> Answer:
    return _by_hand(lambda seen: ("plays", {"message_id": seen.wamid}), _write(sample=sample))


def calls_and_writes(text: str) -> Answer:
    return _by_hand(lambda seen: ("calls", {"to": seen.phone_number_id, "lasts_s": 0.5}), _write(text=text))


def writes_and_edits(text: str, better: str) -> Answer:
    return _by_hand(_write(text=text), lambda seen: ("edits", {"message_id": seen.own, "text": better}), messages=2)


def writes_and_deletes(text: str) -> Answer:
    return _by_hand(_write(text=text), lambda seen: ("deletions", {"message_id": seen.own}), messages=2)


def sends_a_poll() -> Answer:
    """Which the Cloud API does not carry."""
    return _by_hand(_write(unsupported="poll"))


TAPS = Answer({"tap_share": 1})
"""One of the buttons or rows, by chance."""
WRITES_TEXT = Answer({"reply_every": 2, "reply_text": "Thank you, that helps."})
SENDS_PHOTO = Answer({"reply_every": 2, "photo_share": 1})
"""Both to the second text."""


def _write(**content: object) -> Gesture:
    return lambda seen: ("messages", {"to": seen.phone_number_id, **content})


def _reply(**content: object) -> Gesture:
    return lambda seen: ("messages", {"to": seen.phone_number_id, "reply_to": seen.wamid, **content})


def _by_hand(*gestures: Gesture, messages: int = 1) -> Answer:
    return Answer(gestures=gestures, messages=messages)
