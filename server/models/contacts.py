"""People: our id of a contact, every name that Meta or a customer gave, and what they agree to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, func
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base, Small


class Contact(Base):
    """A person, as one workspace knows them."""

    __tablename__ = "contacts"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    merged_into: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ContactIdentity(Base):
    """One name of a contact."""

    __tablename__ = "contact_identities"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True, server_default="")
    value: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]
    source: Mapped[str]
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FormerIdentity(Base):
    """What a contact was called until some time."""

    __tablename__ = "former_identities"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]


class Conversation(Base):
    """All messages between one number and one contact. The service window follows from `last_inbound_at`."""

    __tablename__ = "conversations"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_number_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    last_inbound_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime]
    last_message_minute: Mapped[datetime] = mapped_column(
        Computed("date_bin('1 minute', last_message_at, '2000-01-01 00:00:00+00')", persisted=True)
    )
    free_entry_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ContactMerge(Base):
    """Two contacts that are one person, to be merged."""

    __tablename__ = "contact_merges"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    into_id: Mapped[UUID] = mapped_column(primary_key=True)
    passes: Mapped[int] = mapped_column(Small, server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Consent(Base):
    """A person's word on what they may be sent. The last one counts."""

    __tablename__ = "consents"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    source: Mapped[str]
    phone_number_id: Mapped[UUID | None]
    at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
