"""What the customer's side of the product saw: every message asked for and its shown state, and what came in.

Filled by whoever ran the product, through its API alone; read by `check`.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import msgspec

from simulator.checker.joining import shown_key

State = Literal[
    "scheduled",
    "queued",
    "sending",
    "accepted",
    "paced",
    "sent",
    "delivered",
    "read",
    "played",
    "failed",
    "undelivered",
    "unknown",
    "held",
    "expired",
    "cancelled",
]


Event = tuple[str, str]


class ObservationInvalid(ValueError):
    """One sentence: what is wrong with the observation and where."""


class SeenMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message that a customer asked for.

    `accepted`: a 202 was seen. `state`: as shown in the end, None when the product shows no such message.
    `attempts`: how many tries the product has on record, when it says so.
    """

    id: str
    accepted: bool
    state: State | None = None
    attempts: int | None = None


class Observed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`inbound`: the wamids of the stored inbound messages, as often as each is stored.

    `events`: message id and type of every event that the customer got, judged against the `expected_events`.
    """

    messages: list[SeenMessage] = []
    inbound: list[str] = []
    events: list[Event] | None = None
    expected_events: list[Event] | None = None

    def by_key(self) -> dict[str, SeenMessage]:
        """Raises ObservationInvalid when two messages have the same id."""
        found = {shown_key(message.id): message for message in self.messages}
        if len(found) < len(self.messages):
            ((twice, _),) = Counter(shown_key(message.id) for message in self.messages).most_common(1)
            raise ObservationInvalid(f"message {twice} is listed more than once; list each message once")
        return found

    def events_by_name(self) -> tuple[Counter[str], Counter[str]]:
        """What was expected and what came, each as `<message id> <type>`. Raises ObservationInvalid for one of them."""
        if (self.events is None) is not (self.expected_events is None):
            raise ObservationInvalid("events can only be judged together with expected_events; give both or neither")
        return _by_name(self.expected_events or []), _by_name(self.events or [])

    @classmethod
    def from_json(cls, body: bytes) -> Observed:
        """Raises ObservationInvalid when it is not of this shape."""
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ObservationInvalid(f"the observation cannot be used: {error}") from error


def _by_name(events: list[Event]) -> Counter[str]:
    return Counter(f"{shown_key(id_)} {type_}" for id_, type_ in events)
