"""Events: what Meta told us, normalised. `whatsapp.parser` makes them, `services.webhooks` applies them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Sender:
    """The person behind an event, by every name that Meta gave. At least one name is known."""

    wa_id: str | None = None
    bsuid: str | None = None
    parent_bsuid: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A person wrote to one of our numbers.

    `content` is Meta's own object of that type, safe to store as jsonb, and beside its fields those that Meta puts
    around it: context, referral, errors, group_id, origin. `reply_to` is the wamid that it answers.
    """

    meta_phone_number_id: str
    wamid: str
    sender: Sender
    at: datetime
    type: str
    content: dict[str, Any]
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class StatusError:
    """Why Meta failed a message. Code 0 when Meta gave none."""

    code: int
    title: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Meta said something about a message of ours. `opaque_id` is what we sent along with it."""

    meta_phone_number_id: str
    wamid: str
    status: str
    at: datetime
    recipient: str | None = None
    opaque_id: str | None = None
    error: StatusError | None = None
    pricing: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A change, or a part of one, that this version does not know. The raw body keeps it."""

    field: str
    reason: str
    meta_phone_number_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The whole body is not JSON. `reason` quotes nothing of it."""

    reason: str


Event = MessageReceived | StatusChanged | Unrecognised | Unreadable

WHOLE_BODY = -1
"""The index that stands for a body which has no changes."""


@dataclass(frozen=True, slots=True)
class Change:
    """The events of one change. `index` counts changes through the whole body from 0, or is WHOLE_BODY."""

    index: int
    events: tuple[Event, ...] = field(default_factory=tuple)
