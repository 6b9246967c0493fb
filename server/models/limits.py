"""What is kept for Meta's limits: whom a portfolio has written to, and by when messages must have been delivered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class MessagingStart(Base):
    """A person whom a portfolio has written to outside a window."""

    __tablename__ = "messaging_starts"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    portfolio_id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[datetime]
    previous_minute: Mapped[datetime | None]
    message_id: Mapped[UUID]


class MessagingMinute(Base):
    """How many of them a minute holds, and how many of their places are promised."""

    __tablename__ = "messaging_minutes"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    portfolio_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    people: Mapped[int]
    promised: Mapped[int] = mapped_column(server_default="0")


class DeliveryDeadline(Base):
    """When a message of an unusual time to live is `undelivered`."""

    __tablename__ = "delivery_deadlines"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
