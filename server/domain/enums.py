"""The words that rows, events and API answers share. Values are what is stored."""

from enum import IntEnum, StrEnum


class Direction(StrEnum):
    """Who wrote a message."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Lane(IntEnum):
    """Which messages of a number leave first."""

    P0 = 0
    """One-time passwords, and replies inside a conversation."""
    P1 = 1
    """Utility messages and sends by API."""
    P2 = 2
    """Campaigns."""


class Priority(StrEnum):
    """How a customer names a lane."""

    HIGH = "high"
    NORMAL = "normal"
    BULK = "bulk"


LANE_OF = {Priority.HIGH: Lane.P0, Priority.NORMAL: Lane.P1, Priority.BULK: Lane.P2}


class DispatchState(StrEnum):
    """The state of an outbox row: a message that is not settled."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    HELD = "held"


class MessageState(StrEnum):
    """What is shown of a message: see `domain.lifecycle`."""

    RECEIVED = "received"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    PACED = "paced"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"
    HELD = "held"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class OnAmbiguous(StrEnum):
    """What to do with a send whose outcome stays unknown past the reconciliation window."""

    RETRY = "retry"
    HOLD = "hold"


class IdentityKind(StrEnum):
    """The names by which Meta and customers know a person, or a group of people."""

    PHONE = "phone"
    WA_ID = "wa_id"
    BSUID = "bsuid"
    PARENT_BSUID = "parent_bsuid"
    GROUP = "group"


class Scope(StrEnum):
    """What an API key may do."""

    MESSAGES_WRITE = "messages:write"
    MESSAGES_READ = "messages:read"
    NUMBERS_WRITE = "numbers:write"
    NUMBERS_READ = "numbers:read"
    MEDIA_WRITE = "media:write"
    MEDIA_READ = "media:read"


class WebhookState(StrEnum):
    """What became of a webhook's body."""

    APPLIED = "applied"
    PENDING = "pending"
    UNRECOGNISED = "unrecognised"
    PARKED = "parked"
    DEAD = "dead"
