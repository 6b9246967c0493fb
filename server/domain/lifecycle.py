"""The life of a message: its shown state is a pure function of first-seen timestamps and of its outbox row.

Facts merge by taking the earlier timestamp, which is commutative, associative and idempotent: any order and any
repetition of Meta's statuses gives the same facts. docs/message-lifecycle.md draws what stands here.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from server.domain.enums import DispatchState, MessageState


@dataclass(frozen=True, slots=True)
class Facts:
    """When each thing was first known to have happened to a message; None when it has not."""

    accepted_at: datetime | None = None
    paced_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    played_at: datetime | None = None
    failed_at: datetime | None = None
    undelivered_at: datetime | None = None
    expired_at: datetime | None = None
    cancelled_at: datetime | None = None


STATUS_FACTS = {
    "sent": "sent_at",
    "delivered": "delivered_at",
    "read": "read_at",
    "played": "played_at",
    "failed": "failed_at",
}
"""The status names of Meta's webhooks that state a fact."""

FACTS_FIRST = (
    # A person who read or played it has it, and having it beats a late `failed`.
    ("played_at", MessageState.PLAYED),
    ("read_at", MessageState.READ),
    ("delivered_at", MessageState.DELIVERED),
    # Meta may still fail what it has sent.
    ("failed_at", MessageState.FAILED),
    ("undelivered_at", MessageState.UNDELIVERED),
    ("sent_at", MessageState.SENT),
    ("paced_at", MessageState.PACED),
    ("accepted_at", MessageState.ACCEPTED),
)
ENDED_BEFORE_META = (("cancelled_at", MessageState.CANCELLED), ("expired_at", MessageState.EXPIRED))

"""What is shown before and after the dispatch state, in this order."""

ENDED = frozenset(
    {
        MessageState.READ,
        MessageState.PLAYED,
        MessageState.FAILED,
        MessageState.UNDELIVERED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
    }
)
"""States that are good to stop waiting at. A later status can still change them."""

TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    MessageState.SCHEDULED: frozenset({MessageState.QUEUED, MessageState.EXPIRED, MessageState.CANCELLED}),
    MessageState.QUEUED: frozenset(
        {MessageState.SENDING, MessageState.FAILED, MessageState.HELD, MessageState.EXPIRED, MessageState.CANCELLED}
    ),
    MessageState.SENDING: frozenset(
        {
            MessageState.QUEUED,
            MessageState.ACCEPTED,
            MessageState.PACED,
            MessageState.SENT,
            MessageState.FAILED,
            MessageState.UNKNOWN,
            MessageState.HELD,
        }
    ),
    MessageState.UNKNOWN: frozenset(
        {MessageState.ACCEPTED, MessageState.SENT, MessageState.FAILED, MessageState.QUEUED, MessageState.HELD}
    ),
    MessageState.HELD: frozenset({MessageState.ACCEPTED, MessageState.SENT, MessageState.FAILED, MessageState.QUEUED}),
    MessageState.ACCEPTED: frozenset({MessageState.SENT, MessageState.FAILED, MessageState.UNDELIVERED}),
    MessageState.PACED: frozenset({MessageState.SENT, MessageState.FAILED, MessageState.UNDELIVERED}),
    MessageState.SENT: frozenset(
        {MessageState.DELIVERED, MessageState.READ, MessageState.FAILED, MessageState.UNDELIVERED}
    ),
    MessageState.DELIVERED: frozenset({MessageState.READ}),
    MessageState.READ: frozenset({MessageState.PLAYED}),
    MessageState.FAILED: frozenset({MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED}),
    MessageState.UNDELIVERED: frozenset({MessageState.DELIVERED, MessageState.FAILED}),
}
"""The usual next states. Statuses may arrive in any order, so a state can also be skipped."""


def shown_state(facts: Facts, dispatch: DispatchState | None) -> MessageState:
    """The state of an outbound message. `dispatch` is its outbox row's state, None when it is settled."""
    for name, state in FACTS_FIRST:
        if getattr(facts, name) is not None:
            return state
    if dispatch is not None:
        return MessageState(dispatch)
    for name, state in ENDED_BEFORE_META:
        if getattr(facts, name) is not None:
            return state
    raise ValueError("a settled message has at least one fact")


@dataclass(frozen=True, slots=True)
class Standing:
    """A message that has left for Meta: what is known of it, and its outbox row's state, None when it is settled.

    The same rules stand in SQL, set-wise (settle_accepted, settle_by_status, merge_statuses, mark_unknown, rescue).
    Tests hold both equal.
    """

    facts: Facts = field(default_factory=Facts)
    dispatch: DispatchState | None = DispatchState.SENDING

    def learn(self, facts: Facts) -> "Standing":
        """Meta took it, or told a status of it: whatever was in doubt is settled."""
        return Standing(merge(self.facts, facts), None)

    def doubt(self) -> "Standing":
        """No answer came. What is settled stays so, and nothing becomes `failed`."""
        return replace(self, dispatch=DispatchState.UNKNOWN) if self.dispatch is DispatchState.SENDING else self

    @property
    def shown(self) -> MessageState:
        return shown_state(self.facts, self.dispatch)


def merge(one: Facts, other: Facts) -> Facts:
    """All that either knows; where both know, the earlier."""
    earlier = {
        fact.name: min(filter(None, (getattr(one, fact.name), getattr(other, fact.name))), default=None)
        for fact in fields(Facts)
    }
    return replace(one, **earlier)
