"""Files for sending and what Meta calls them on each number, and files that people sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class Medium(Base):
    """A file. Its bytes are in the object store, once for each digest of a workspace."""

    __tablename__ = "media"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
    mime_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str | None]
    storage_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MediaUpload(Base):
    """A file on a number. Without Meta's id it is owed; the id is used until `expires_at`."""

    __tablename__ = "media_uploads"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    media_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_number_id: Mapped[UUID] = mapped_column(primary_key=True)
    meta_media_id: Mapped[str | None]
    uploaded_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    failures: Mapped[int] = mapped_column(server_default="0")


class InboundMedium(Base):
    """A file of a message that came in, to be fetched from Meta."""

    __tablename__ = "inbound_media"

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_number_id: Mapped[UUID]
    meta_media_id: Mapped[str]
    mime_type: Mapped[str | None]
    sha256: Mapped[str | None]
    filename: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default="due")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    media_id: Mapped[UUID | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    doubts: Mapped[int] = mapped_column(server_default="0")
