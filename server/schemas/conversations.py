"""Answers of /v1/conversations."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from server.domain.enums import Direction, IdentityKind
from server.schemas.messages import Next, Shown


class NumberSummary(Shown):
    """The number of a conversation."""

    id: UUID
    phone_number_id: str = Field(description="Meta's id of the number.", examples=["106540352242922"])
    display_phone_number: str = Field(examples=["+1 555-010-0"])
    verified_name: str | None


class IdentityShown(Shown):
    """One name of a person. `phone` and `wa_id` are digits without `+`."""

    kind: IdentityKind
    value: str = Field(examples=["15550100"])


class ContactSummary(Shown):
    """The person of a conversation, by every name that is known."""

    id: UUID
    name: str | None = Field(description="What they call themselves.")
    identities: list[IdentityShown]


class WindowShown(Shown):
    """The customer service window: while it is open, free-form messages may be sent."""

    open: bool
    closes_at: datetime | None = Field(description="When it closes or has closed; null when they never wrote.")


class LastMessage(Shown):
    """The newest message of a conversation, in one line."""

    id: UUID
    direction: Direction
    type: str
    preview: str | None = Field(description="The beginning of its text; null when it has none.")
    at: datetime


class ConversationShown(Shown):
    """All messages between one number and one person."""

    id: UUID
    number: NumberSummary
    contact: ContactSummary
    window: WindowShown
    last_message: LastMessage | None
    last_inbound_at: datetime | None
    last_message_at: datetime
    created_at: datetime


class ConversationList(Shown):
    """A page of conversations, the last active first."""

    data: list[ConversationShown]
    next: Next
