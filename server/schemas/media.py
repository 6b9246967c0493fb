"""Answers of /v1/media."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from server.schemas.messages import Shown


class MediumShown(Shown):
    """A file that messages can name by its id."""

    id: UUID
    mime_type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="In bytes.", examples=[48213])
    sha256: str = Field(description="Of the bytes, in hexadecimal.")
    filename: str | None = Field(examples=["photo.jpg"])
    created_at: datetime


class MediumLink(Shown):
    """Where anybody who has the address can read a file, for a while."""

    url: str = Field(examples=["https://wa.example.com/files/eyJ…"])
    expires_at: datetime
