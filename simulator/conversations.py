"""What people and numbers have written to each other: threads, ticks, and the customer service window.

Filled by the carrier and the phones, read by the control API and the Graph endpoints. Lives in memory and is
bounded; after a restart ids, ticks and windows come back from the ledger, texts do not.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

DAY_S = 24 * 3600.0
WINDOW_S = DAY_S
PINS_LIMIT = 3
_FREE_ENTRY_S = 72 * 3600.0

_MESSAGES_PER_THREAD = 500
_MESSAGES_INDEXED = 100_000

Author = Literal["business", "person"]


# What WhatsApp says by itself, and changes of earlier messages, do not open the window.
_NOT_WRITTEN = ("system", "edit", "revoke")


@dataclass(slots=True)
class Message:
    """One message of either side. `ticks` maps a status to the Unix time when it was first reached.

    `content` has the shape of webhooks. `category` is what the message is priced as: service, marketing, utility,
    authentication, or one of Meta's others. `context` and `referral` go with a person's message as Meta has them. What
    a business writes to a group has the group's id as `wa_id` too; `group_ticks` are the participants by status.
    `failure_details` are the words of `failure`, where they are not always the same. `held`: for Meta's quality
    assessment. At `expires_at` one that was not delivered is dropped, and has `expired`.
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
    ticks: dict[str, float] = field(default_factory=dict)
    category: str = "service"
    group_id: str | None = None
    held: bool = False
    expires_at: float = math.inf
    expired: bool = False
    context: dict[str, object] = field(default_factory=dict)
    referral: dict[str, object] | None = None
    replies_to_person: bool = False
    free_entry_until: float | None = None
    reactions: dict[Author, str] = field(default_factory=dict)
    edited: bool = False
    revoked: bool = False
    group_ticks: dict[str, set[str]] = field(default_factory=dict)

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
    """`typing_until`: the business types; `answering_until`: the person does. `free_entry_until`: messages are free."""

    phone_number_id: str
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=_MESSAGES_PER_THREAD))
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
        self.messages.extendleft(reversed(earlier.messages))
        self.texts_received += earlier.texts_received
        self.referred_at = self.referred_at or earlier.referred_at
        self.free_entry_until = self.free_entry_until or earlier.free_entry_until
        if earlier.last_inbound_at is not None:
            self.last_inbound_at = max(earlier.last_inbound_at, self.last_inbound_at or 0.0)


class Conversations:
    def __init__(self) -> None:
        self._threads: dict[str, dict[str, Thread]] = {}
        # Not a dict: that would search longer and longer for the oldest message.
        self._by_wamid: OrderedDict[str, Message] = OrderedDict()

    def add(self, message: Message) -> None:
        thread = self.thread(message.chat_id, message.phone_number_id)
        thread.messages.append(message)
        if isinstance(pin := message.content.get("pin"), dict):
            thread.apply_pin(pin, message.at)
        if message.author == "person" and message.is_written:
            thread.last_inbound_at = message.at
            if message.referral is not None:
                thread.referred_at = message.at
        self._react(message)
        self._by_wamid[message.wamid] = message
        if len(self._by_wamid) > _MESSAGES_INDEXED:
            self._by_wamid.popitem(last=False)

    def _react(self, message: Message) -> None:
        reaction = message.content.get("reaction")
        if not isinstance(reaction, dict) or (target := self.find(str(reaction.get("message_id")))) is None:
            return
        if emoji := reaction.get("emoji"):
            target.reactions[message.author] = str(emoji)
        else:
            target.reactions.pop(message.author, None)

    def find(self, wamid: str) -> Message | None:
        return self._by_wamid.get(wamid)

    def all_messages(self) -> Iterator[Message]:
        yield from self._by_wamid.values()

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
            for message in old.messages:
                message.wa_id = new_wa_id

    def window_is_open(self, wa_id: str, phone_number_id: str, now: float) -> bool:
        until = self.thread(wa_id, phone_number_id).window_open_until()
        return until is not None and now < until
