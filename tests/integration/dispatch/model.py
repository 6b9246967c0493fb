"""What is known of messages, by rules as short as they can be told: the model that random sequences are held against.

Pure. tests/integration/dispatch/test_any_sequence.py plays the same on PostgreSQL and compares after every step.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

MOST_TRIES_IN_DOUBT = 2
STATUSES = ("sent", "delivered", "read", "failed")


@dataclass(eq=False)
class Message:
    """`state` is None once it is settled. `tries`: what each came to, as far as somebody has said.

    `processed`: the tries that Meta took; the product never learns of some.
    """

    id: UUID
    person: int
    policy: str
    state: str | None = "queued"
    attempt: int = 0
    is_over: bool = False
    tries: dict[int, str] = field(default_factory=dict)
    began: dict[int, datetime] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    processed: list[int] = field(default_factory=list)

    @property
    def in_doubt(self) -> int:
        return sum(outcome == "ambiguous" for outcome in self.tries.values())

    @property
    def may_leave(self) -> bool:
        return self.state == "queued" and not self.is_over

    def depart(self, at: datetime) -> None:
        """Its next try begins. Never what Meta is known to have, nor what was called back or is over."""
        assert self.may_leave
        assert not self.facts
        assert self.in_doubt == 0 or (self.policy == "retry" and self.in_doubt < MOST_TRIES_IN_DOUBT)
        self.state = "sending"
        self.attempt += 1
        self.began[self.attempt] = at

    def is_taken(self, attempt: int) -> None:
        """By Meta. Twice at most, and more than once only by its own wish."""
        self.processed.append(attempt)
        assert not self.facts & {"cancelled", "expired"}
        assert len(self.processed) == 1 or (self.policy == "retry" and len(self.processed) == 2)

    def accept(self, attempt: int) -> None:
        self.tries[attempt] = "accepted"
        self.facts.add("accepted")
        self.state = None

    def doubt(self, attempt: int) -> None:
        """No answer came."""
        self.tries[attempt] = "ambiguous"
        if self.state == "sending" and self.attempt == attempt:
            self.state = "unknown"

    def come_back(self, attempt: int, outcome: str) -> None:
        """This try certainly had no effect. One that never began leaves a trace only where one was."""
        if outcome != "late" or attempt in self.tries:
            self.tries[attempt] = outcome
        on_its_way = self.state in ("sending", "unknown") and self.attempt == attempt
        if on_its_way or (self.state == "held" and self.in_doubt == 0):
            self.state = "queued"

    def refuse(self, attempt: int) -> None:
        """Meta will never take it; an earlier try may have reached it all the same."""
        self.tries[attempt] = "rejected"
        if self.state is None or self.attempt != attempt:
            return
        if any(outcome == "ambiguous" for earlier, outcome in self.tries.items() if earlier < attempt):
            self.state = "held"
        else:
            self.state = None
            self.facts.add("failed")

    def learn(self, status: str) -> None:
        """Meta has told: whatever was in doubt is settled."""
        if self.state == "sending":
            self.tries.setdefault(self.attempt, "ambiguous")
        self.state = None
        self.facts.add(status)

    def rescue(self) -> None:
        if self.state == "sending":
            self.state = "unknown"
            self.tries.setdefault(self.attempt, "ambiguous")

    def decide(self, *, evidence: bool) -> None:
        """Its window has passed."""
        if self.state == "unknown":
            again = self.policy == "retry" and self.in_doubt < MOST_TRIES_IN_DOUBT and evidence
            self.state = "queued" if again else "held"

    @property
    def can_be_cancelled(self) -> bool:
        return self.state == "queued" and self.in_doubt == 0

    def cancel(self) -> None:
        self.state = None
        self.facts.add("cancelled")

    def expire(self) -> None:
        if self.state != "queued" or not self.is_over:
            return
        if self.in_doubt:
            self.state = "held"
        else:
            self.state = None
            self.facts.add("expired")


def has_evidence(message: Message, others: list[Message]) -> bool:
    """A try that began later was accepted, and a status of its message has come."""
    mine = message.began[message.attempt]
    return any(
        other.facts & set(STATUSES) and other.tries.get(attempt) == "accepted" and at > mine
        for other in others
        for attempt, at in other.began.items()
    )
