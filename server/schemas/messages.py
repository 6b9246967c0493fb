"""Answers of /v1/messages. Services make them; what was accepted is also what an Idempotency-Key keeps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from server.domain.enums import Direction, DispatchState, MessageState, OnAmbiguous
from server.schemas.problems import FieldEntry

Next = Annotated[str | None, Field(description="The `cursor` of the next page; null on the last one.")]


class Shown(BaseModel):
    """The base of what is shown."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)


class MessageAccepted(Shown):
    """The message is committed and will be sent once."""

    # What documents `Accepted`; nobody makes one.

    id: UUID
    state: Literal[DispatchState.QUEUED, DispatchState.SCHEDULED] = DispatchState.QUEUED
    sender: Annotated[UUID, Field(alias="from", description="The id of the sending number.")]
    to: str = Field(examples=["+15550100"])
    client_reference: str | None
    created_at: datetime
    send_at: datetime | None = None
    expires_at: datetime | None = None
    conversation_id: UUID
    contact_id: UUID


class CommandRefused(Shown):
    """The message was not taken, and why. `code` is one of the error catalogue."""

    code: str
    detail: str
    errors: Annotated[
        tuple[FieldEntry, ...], Field(description="The fields that are wrong, where the command is not valid.")
    ] = ()


class Accepted(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A MessageAccepted as services make it and `encode` writes it: a twentieth of the cost of a Pydantic model."""

    id: UUID
    state: str
    sender: UUID
    to: str
    client_reference: str | None
    created_at: datetime
    send_at: datetime | None
    expires_at: datetime | None
    conversation_id: UUID
    contact_id: UUID


Result = Accepted | CommandRefused
"""What became of one command."""


class BatchAnswer(Shown):
    """What became of each message of a batch, in order."""

    accepted: int
    refused: int
    results: list[MessageAccepted | CommandRefused]


def encode(results: Any) -> bytes:
    """The JSON of results, or of what holds some."""
    return _ENCODER.encode(results)


def decode(results: str) -> tuple[Result, ...]:
    """The results in a JSON list."""
    return tuple(
        CommandRefused.model_validate(result) if "code" in result else msgspec.convert(result, Accepted)
        for result in msgspec.json.decode(results)
    )


_ENCODER = msgspec.json.Encoder(enc_hook=lambda refused: refused.model_dump())


class MessageTimes(Shown):
    """When each thing was first known to have happened; null when it has not. Meta's time where Meta says it."""

    received_at: datetime | None
    accepted_at: datetime | None = Field(description="Meta took the message.")
    paced_at: datetime | None = Field(description="Meta took it and holds it back for a while.")
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    played_at: datetime | None
    failed_at: datetime | None
    undelivered_at: datetime | None
    expired_at: datetime | None
    cancelled_at: datetime | None


class MessageFile(Shown):
    """The file that a message brought along, which is fetched from Meta."""

    state: Literal["due", "stored", "dead"] = Field(
        description="due: it is still to be fetched. stored: it is here. dead: it was given up."
    )
    media_id: UUID | None = Field(
        description="Its id for `GET /v1/media/{id}` once it is stored; null when it was deleted since."
    )
    error: str | None = Field(description="Why the last try to fetch it came to nothing.")


class MessageShown(Shown):
    """A message, sent or received."""

    id: UUID
    direction: Direction
    type: str = Field(examples=["text"])
    state: MessageState
    sender: Annotated[
        str | None,
        Field(
            alias="from",
            description="Outbound: the id of the sending number. Inbound: the person's number or user id.",
        ),
    ]
    to: str | None = Field(description="Outbound: the person's number. Inbound: the id of the number here.")
    conversation_id: UUID
    contact_id: UUID
    content: dict[str, Any] = Field(
        description="The part that belongs to the type; inbound as Meta gives it.", examples=[{"body": "Good morning"}]
    )
    file: MessageFile | None = Field(description="The file that came with it; null for messages that brought none.")
    reply_to: str | None = Field(description="The wamid of the message that this one answers.")
    source: Literal["app", "history"] | None = Field(
        description="Where a message was found that did not pass through here: the business's own WhatsApp app, or its"
        " history from before."
    )
    client_reference: str | None
    wamid: str | None = Field(description="Meta's id, once it is known.")
    on_ambiguous: OnAmbiguous | None
    created_at: datetime
    send_at: datetime | None = Field(description="It waits for this instant before it leaves.")
    expires_at: datetime | None = Field(description="It does not leave after this instant.")
    times: MessageTimes
    attempts: int = Field(description="HTTP tries that were made so far.")
    wait_reason: str | None = Field(description="Why it still waits, while it is queued.", examples=["number_paused"])
    error: dict[str, Any] | None = Field(
        description="Why it failed, by Meta's code or ours (`source`).",
        examples=[{"source": "meta", "code": 131047, "title": "Re-engagement message", "details": None}],
    )
    pricing: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages a list has; None lets all pass. A `sender` leaves outbound messages of that number only.

    `after` and `before` are instants of creation.
    """

    conversation_id: UUID | None = None
    contact_id: UUID | None = None
    direction: Direction | None = None
    type: str | None = None
    state: MessageState | None = None
    client_reference: str | None = None
    sender: UUID | None = None
    after: datetime | None = None
    before: datetime | None = None


class MessageList(Shown):
    """A page of messages, the newest first."""

    data: list[MessageShown]
    next: Next


class TimelineEntry(Shown):
    """Something that happened to a message."""

    at: datetime
    kind: Literal["request", "received", "attempt", "wait", "status", "event"] = Field(
        description="request: accepted here. received: came from Meta. attempt: one HTTP try. wait: what it does now. "
        "status: a fact about it. event: an entry of the feed."
    )
    title: str = Field(examples=["Attempt 1: accepted"])
    data: dict[str, Any]


class Timeline(Shown):
    """Everything that is kept about a message, the earliest first."""

    message_id: UUID
    state: MessageState
    data: list[TimelineEntry]
