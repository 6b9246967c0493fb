"""What Meta sent: raw bytes, the jobs to apply them, what was kept and not applied."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base, Small


class WebhookInbox(Base):
    """A signed body, byte for byte. Insert-only."""

    __tablename__ = "webhook_inbox"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    app_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    body: Mapped[bytes]


class WebhookJob(Base):
    """A body that is not applied yet. Deleted with its effects' commit."""

    __tablename__ = "webhook_jobs"

    inbox_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(Small, server_default="0")
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookFailure(Base):
    """A change that was kept and not applied: dead, unrecognised, or parked until its number is connected."""

    __tablename__ = "webhook_failures"

    inbox_id: Mapped[UUID] = mapped_column(primary_key=True)
    change_index: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    meta_phone_number_id: Mapped[str | None]
    meta_waba_id: Mapped[str | None]
    error: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OrphanStatus(Base):
    """A status whose message is not known (yet)."""

    __tablename__ = "orphan_statuses"

    phone_number_id: Mapped[UUID] = mapped_column(primary_key=True)
    wamid: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(primary_key=True, server_default="")
    error_code: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    workspace_id: Mapped[UUID]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AppliedChange(Base):
    """The dedupe key of what has no wamid."""

    __tablename__ = "applied_changes"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    applied_at: Mapped[datetime] = mapped_column(server_default=func.now())
