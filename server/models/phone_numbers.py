"""Meta's assets: apps, portfolios, WhatsApp Business Accounts, numbers, templates."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class App(Base):
    """A Meta app that signs webhooks. Of no workspace: one app can serve many."""

    __tablename__ = "apps"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    meta_app_id: Mapped[str | None] = mapped_column(unique=True)
    app_secret: Mapped[bytes]
    previous_app_secret: Mapped[bytes | None]
    previous_secret_until: Mapped[datetime | None]
    verify_token: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Portfolio(Base):
    """A business portfolio; Meta's messaging limit is its."""

    __tablename__ = "portfolios"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    business_id: Mapped[str | None]
    name: Mapped[str | None]
    messaging_limit: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Waba(Base):
    """A WhatsApp Business Account."""

    __tablename__ = "wabas"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    waba_id: Mapped[str] = mapped_column(unique=True)
    portfolio_id: Mapped[UUID | None]
    name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PhoneNumber(Base):
    """A number that sends and receives. `access_token` is sealed with the workspace's data key.

    `token_app_id` is Meta's id of the app that the token was issued for, if that is one of ours.
    """

    __tablename__ = "phone_numbers"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, unique=True)
    waba_id: Mapped[UUID]
    phone_number_id: Mapped[str] = mapped_column(unique=True)
    display_phone_number: Mapped[str]
    verified_name: Mapped[str | None]
    access_token: Mapped[bytes]
    token_app_id: Mapped[str | None]
    throughput_mps: Mapped[int] = mapped_column(server_default="80")
    quality_rating: Mapped[str | None]
    pause_reason: Mapped[str | None]
    bulk_paused_until: Mapped[datetime | None]
    bulk_pause_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Template(Base):
    """A message template of a WhatsApp Business Account, in one language."""

    __tablename__ = "templates"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    waba_id: Mapped[UUID]
    name: Mapped[str]
    language: Mapped[str]
    category: Mapped[str]
    status: Mapped[str]
    meta_id: Mapped[str | None]
    components: Mapped[list[Any]] = mapped_column(server_default="[]")
    quality_score: Mapped[str | None]
    rejected_reason: Mapped[str | None]
    message_send_ttl_s: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AssetFact(Base):
    """What Meta said last of one side of a template, a number or an account, and when."""

    __tablename__ = "asset_facts"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    at: Mapped[datetime]
