"""Messages (facts), their dispatch state, their attempts, and the keys that keep them single."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base, Small


class Message(Base):
    """Facts only: content, one timestamp a state, the final outcome."""

    __tablename__ = "messages"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    direction: Mapped[str]
    phone_number_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    type: Mapped[str]
    content: Mapped[dict[str, Any]]
    wamid: Mapped[str | None]
    recipient: Mapped[str | None]
    source: Mapped[str | None]
    client_reference: Mapped[str | None]
    api_key_id: Mapped[UUID | None]
    lane: Mapped[int | None] = mapped_column(Small)
    on_ambiguous: Mapped[str | None]
    send_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    received_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    paced_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    played_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    undelivered_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None]
    pricing: Mapped[dict[str, Any] | None]


class Wamid(Base):
    """Meta's id of a message on a number: the dedupe key, and the way from a status to its message."""

    __tablename__ = "wamids"

    phone_number_id: Mapped[UUID] = mapped_column(primary_key=True)
    wamid: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID]
    message_id: Mapped[UUID]


class MessageAttempt(Base):
    """One HTTP try, written when its result is known or given up."""

    __tablename__ = "message_attempts"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    phone_number_id: Mapped[UUID]
    started_at: Mapped[datetime]
    latency_ms: Mapped[int | None]
    outcome: Mapped[str]
    http_status: Mapped[int | None] = mapped_column(Small)
    error_code: Mapped[int | None]
    error_subcode: Mapped[int | None]
    error_title: Mapped[str | None]
    error_details: Mapped[str | None]
    fbtrace_id: Mapped[str | None]
    wamid: Mapped[str | None]
    worker_id: Mapped[UUID | None]


class Outbox(Base):
    """All dispatch state. A message is unsettled if and only if it has a row here."""

    __tablename__ = "outbox"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_number_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    lane: Mapped[int] = mapped_column(Small)
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    state_since: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(server_default="0")
    wait_reason: Mapped[str | None]
    worker_id: Mapped[UUID | None]
    media: Mapped[list[UUID] | None]


class IdempotencyKey(Base):
    """The answer that a repeated request gets."""

    __tablename__ = "idempotency_keys"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int] = mapped_column(Small)
    response: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
