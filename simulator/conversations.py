"""What people and numbers have written to each other: threads, ticks, and the customer service window.

Filled by the carrier and the phones, read by the control API and the Graph endpoints. What was not asked for lately is
in the archive, so nobody may hold a message beyond the turn of the loop: remember its id and ask again. After a restart
ids, ticks and windows come back from the ledger, texts do not.
"""

from __future__ import annotations

import logging
import math
import pickle
import sqlite3
from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import msgspec
from msgspec.structs import astuple

from simulator.archive import Archive, Archived

log = logging.getLogger("simulator.conversations")

DAY_S = 24 * 3600.0
WINDOW_S = DAY_S
PINS_LIMIT = 3
_FREE_ENTRY_S = 72 * 3600.0

SHOWN = 500
"""So many messages of a chat can be looked at, read all at once, and marked as read by a receipt for the last one."""

_AT_HAND = 20_000  # more than are on their way at once, in most runs
_PUT_AWAY_SHARE = 64

Author = Literal["business", "person"]


# What WhatsApp says by itself, and changes of earlier messages, do not open the window.
_NOT_WRITTEN = ("system", "edit", "revoke")


class Message(msgspec.Struct):
    """One message of either side. `ticks` maps a status to the Unix time when it was first reached.

    `content` has the shape of webhooks. `category` is what the message is priced as: service, marketing, utility,
    authentication, or one of Meta's others. `context` and `referral` go with a person's message as Meta has them. What
    a business writes to a group has the group's id as `wa_id` too; `group_ticks` are the participants by status.
    `failure_details` are the words of `failure`, where they are not always the same. `held`: for Meta's quality
    assessment. At `expires_at` one that was not delivered is dropped, and has `expired`. `place` is which one of all
    messages it is.
    """

    wamid: str
    author: Author
    phone_number_id: str
    wa_id: str
    at: float
    content: dict[str, object]
    reply_to: str | None = None
    opaque: str | None = None
    failure: int | None = None
    failure_details: str | None = None
    ticks: dict[str, float] = {}
    category: str = "service"
    group_id: str | None = None
    held: bool = False
    expires_at: float = math.inf
    expired: bool = False
    context: dict[str, object] = {}
    referral: dict[str, object] | None = None
    replies_to_person: bool = False
    free_entry_until: float | None = None
    reactions: dict[Author, str] = {}
    edited: bool = False
    revoked: bool = False
    group_ticks: dict[str, set[str]] = {}
    place: int = -1

    @property
    def chat_id(self) -> str:
        """Whose chat it stands in: the group's, or the person's."""
        return self.group_id or self.wa_id

    def fail_with(self, code: int) -> None:
        """In place of any other failure."""
        self.failure, self.failure_details = code, None

    def has(self, name: str, wa_id: str) -> bool:
        """Whether this person reached the status, in a group or alone."""
        return name in self.ticks if self.group_id is None else wa_id in self.group_ticks.get(name, ())

    @property
    def type(self) -> str:
        return str(self.content["type"])

    @property
    def is_written(self) -> bool:
        """Something that stands in the chat by itself and counts for the window."""
        return self.type not in _NOT_WRITTEN

    @property
    def only_sent(self) -> bool:
        """Nobody is told that it was delivered or read (Meta: reaction messages)."""
        return self.type in ("reaction", "pin")


@dataclass(slots=True)
class Thread:
    """`places` are those of its messages; `unread` the ids of those that the business has not marked as read.

    `typing_until`: the business types; `answering_until`: the person does. `free_entry_until`: messages are free.
    """

    phone_number_id: str
    places: array[int] = field(default_factory=lambda: array("Q"))
    unread: list[str] = field(default_factory=list)
    last_inbound_at: float | None = None
    typing_until: float = 0.0
    answering_until: float = 0.0
    texts_received: int = 0
    pins: dict[str, float] = field(default_factory=dict)
    referred_at: float | None = None
    free_entry_until: float | None = None

    def window_open_until(self) -> float | None:
        return None if self.last_inbound_at is None else self.last_inbound_at + WINDOW_S

    def pinned(self, now: float) -> list[str]:
        """The ids of the pinned messages, the oldest pin first."""
        return [wamid for wamid, until in self.pins.items() if now < until]

    def apply_pin(self, pin: dict[str, Any], at: float) -> None:
        """A fourth pin takes the oldest away (Meta: groups messaging)."""
        self.pins.pop(pin["message_id"], None)
        if pin["type"] == "pin":
            self.pins[pin["message_id"]] = at + pin["expiration_days"] * DAY_S
            for oldest in self.pinned(at)[:-PINS_LIMIT]:
                del self.pins[oldest]

    def free_entry_at(self, now: float) -> float | None:
        """Until when messages are free because of an ad: for 72 hours, once the business answered within 24."""
        if self.free_entry_until is None and self.referred_at is not None and now - self.referred_at < WINDOW_S:
            self.free_entry_until = now + _FREE_ENTRY_S
        return self.free_entry_until if self.free_entry_until is not None and now < self.free_entry_until else None

    def take_over(self, earlier: Thread) -> None:
        """Go on where the chat of an earlier number of the person ended."""
        self.places = array("Q", sorted([*earlier.places, *self.places]))
        self.unread = [*earlier.unread, *self.unread]
        self.texts_received += earlier.texts_received
        self.referred_at = self.referred_at or earlier.referred_at
        self.free_entry_until = self.free_entry_until or earlier.free_entry_until
        if earlier.last_inbound_at is not None:
            self.last_inbound_at = max(earlier.last_inbound_at, self.last_inbound_at or 0.0)


class Conversations:
    """`at_hand`: so many messages are in memory; a little more, since some leave it together."""

    def __init__(self, *, at_hand: int = _AT_HAND) -> None:
        self._threads: dict[str, dict[str, Thread]] = {}
        self._archive = Archive()
        self._places = 0
        # Those in memory, by their ids: first the one that was not asked for the longest.
        self._at_hand: OrderedDict[str, Message] = OrderedDict()
        self._wamid_at: dict[int, str] = {}
        self._fewest, self._together = at_hand, max(1, at_hand // _PUT_AWAY_SHARE)
        self._most = self._fewest + self._together

    def add(self, message: Message) -> None:
        message.place = self._places
        self._places += 1
        thread = self.thread(message.chat_id, message.phone_number_id)
        thread.places.append(message.place)
        if message.author == "person":
            self._note_written(message, thread)
        if isinstance(pin := message.content.get("pin"), dict):
            thread.apply_pin(pin, message.at)
        self._react(message)
        self._have(message)
        if len(self._at_hand) > self._most:
            self._put_away()

    def _note_written(self, message: Message, thread: Thread) -> None:
        thread.unread = [*thread.unread[1 - SHOWN :], message.wamid]
        if message.is_written:
            thread.last_inbound_at = message.at
            if message.referral is not None:
                thread.referred_at = message.at

    def _react(self, message: Message) -> None:
        reaction = message.content.get("reaction")
        if not isinstance(reaction, dict) or (target := self.find(str(reaction.get("message_id")))) is None:
            return
        if emoji := reaction.get("emoji"):
            target.reactions[message.author] = str(emoji)
        else:
            target.reactions.pop(message.author, None)

    def find(self, wamid: str) -> Message | None:
        if wamid in self._at_hand:
            return self.known(wamid)
        packed = self._archive.find(wamid)
        return None if packed is None else self._taken_back(packed)

    def known(self, wamid: str) -> Message:
        """One that there certainly is, since none is forgotten."""
        message = self._at_hand.get(wamid)
        if message is not None:
            self._at_hand.move_to_end(wamid)
            return message
        packed = self._archive.find(wamid)
        if packed is None:
            raise LookupError(f"there has never been a message {wamid}")
        return self._taken_back(packed)

    def messages_of(self, thread: Thread) -> list[Message]:
        """The last ones of a chat, in their order."""
        return [self._at(place) for place in thread.places[-SHOWN:]]

    def thread(self, wa_id: str, phone_number_id: str) -> Thread:
        threads = self._threads.get(wa_id)
        if threads is None:
            threads = self._threads[wa_id] = {}
        thread = threads.get(phone_number_id)
        if thread is None:
            thread = threads[phone_number_id] = Thread(phone_number_id)
        return thread

    def threads_of(self, wa_id: str) -> list[Thread]:
        return list(self._threads.get(wa_id, {}).values())

    def open_window(self, wa_id: str, phone_number_id: str, at: float) -> None:
        """A call does it too."""
        self.thread(wa_id, phone_number_id).last_inbound_at = at

    def move(self, old_wa_id: str, new_wa_id: str) -> None:
        """The person has another number now; their chats and windows go with them."""
        for phone_number_id, old in self._threads.pop(old_wa_id, {}).items():
            self.thread(new_wa_id, phone_number_id).take_over(old)
            for place in old.places:
                self._at(place).wa_id = new_wa_id

    def window_is_open(self, wa_id: str, phone_number_id: str, now: float) -> bool:
        until = self.thread(wa_id, phone_number_id).window_open_until()
        return until is not None and now < until

    def close(self) -> None:
        self._archive.close()

    def _at(self, place: int) -> Message:
        wamid = self._wamid_at.get(place)
        return self.known(wamid) if wamid is not None else self._taken_back(self._archive.at(place))

    def _taken_back(self, packed: bytes) -> Message:
        message = Message(*pickle.loads(packed))  # noqa: S301 - packed below, and in a file of this process alone
        self._have(message)
        return message

    def _have(self, message: Message) -> None:
        self._at_hand[message.wamid] = message
        self._wamid_at[message.place] = message.wamid

    def _put_away(self) -> None:
        """All but those that were asked for last; only when one is added, so that who looks at many has them all."""
        leaving = list(islice(self._at_hand.values(), len(self._at_hand) - self._fewest))
        try:
            # Pickled, since content may hold what the business makes up, like numbers of any size.
            self._archive.put([Archived(one.place, one.wamid, pickle.dumps(astuple(one))) for one in leaving])
        except sqlite3.Error as error:
            log.warning("earlier messages stay in memory: %s; free some space for temporary files", error)
            self._most = len(self._at_hand) + self._together
            return
        self._most = self._fewest + self._together
        for message in leaving:
            del self._at_hand[message.wamid]
            del self._wamid_at[message.place]
