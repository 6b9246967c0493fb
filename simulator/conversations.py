"""What people and numbers have written to each other: threads, ticks, and the customer service window.

Filled by the carrier and the phones, read by the control API and the Graph endpoints. Lives in memory and is
bounded; after a restart ids, ticks and windows come back from the ledger, texts do not.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

DAY_S = 24 * 3600.0
WINDOW_S = DAY_S
PINS_LIMIT = 3

_MESSAGES_PER_THREAD = 500
_MESSAGES_INDEXED = 100_000

Author = Literal["business", "person"]


@dataclass(slots=True)
class Message:
    """One message of either side. `ticks` maps a status to the Unix time when it was reached.

    `category` is what it counts as: service, marketing, marketing_lite, utility or authentication. In a group both
    `wa_id` and `group_id` are the group's id.
    `held`: for Meta's quality assessment. At `expires_at` one that was not delivered is dropped, and has `expired`.
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
    ticks: dict[str, float] = field(default_factory=dict)
    category: str = "service"
    group_id: str | None = None
    held: bool = False
    expires_at: float = math.inf
    expired: bool = False

    @property
    def only_sent(self) -> bool:
        """Nobody is told that it was delivered or read (Meta: reaction messages). In groups that is not simulated."""
        return self.content["type"] == "reaction" or self.group_id is not None


@dataclass(slots=True)
class Thread:
    phone_number_id: str
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=_MESSAGES_PER_THREAD))
    last_inbound_at: float | None = None
    typing_until: float = 0.0
    texts_received: int = 0
    pins: dict[str, float] = field(default_factory=dict)

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


class Conversations:
    def __init__(self) -> None:
        self._threads: dict[str, dict[str, Thread]] = {}
        self._by_wamid: dict[str, Message] = {}

    def add(self, message: Message) -> None:
        thread = self.thread(message.wa_id, message.phone_number_id)
        thread.messages.append(message)
        if isinstance(pin := message.content.get("pin"), dict):
            thread.apply_pin(pin, message.at)
        if message.author == "person":
            thread.last_inbound_at = message.at
        self._by_wamid[message.wamid] = message
        if len(self._by_wamid) > _MESSAGES_INDEXED:
            del self._by_wamid[next(iter(self._by_wamid))]

    def find(self, wamid: str) -> Message | None:
        return self._by_wamid.get(wamid)

    def all_messages(self) -> Iterator[Message]:
        yield from self._by_wamid.values()

    def thread(self, wa_id: str, phone_number_id: str) -> Thread:
        threads = self._threads.setdefault(wa_id, {})
        thread = threads.get(phone_number_id)
        if thread is None:
            thread = threads[phone_number_id] = Thread(phone_number_id)
        return thread

    def threads_of(self, wa_id: str) -> list[Thread]:
        return list(self._threads.get(wa_id, {}).values())

    def window_is_open(self, wa_id: str, phone_number_id: str, now: float) -> bool:
        until = self.thread(wa_id, phone_number_id).window_open_until()
        return until is not None and now < until
