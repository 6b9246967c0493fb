"""Requests and answers of /v1/phone-numbers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MetaId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,32}$"), Field(examples=["106540352242922"])]
"""Meta's ids of numbers and accounts; a decimal number, as a text."""
AccessToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4096, pattern=r"^[!-~]+$"),
    Field(description="A system user's token that has access to the number. Never given back.", examples=["EAAB…"]),
]


class ConnectNumber(BaseModel):
    """Connect a number that is registered at Meta. Doing it again takes a new token and fresh facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone_number_id: MetaId = Field(description="Meta's id of the number.")
    access_token: AccessToken
    waba_id: MetaId | None = Field(
        None, description="Meta's id of the WhatsApp Business Account. Left out: looked up by the token."
    )


class PauseNumber(BaseModel):
    """Why the number is paused, for whoever looks at it later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = (
        "paused by the operator"
    )


class NumberShown(BaseModel):
    """A connected number."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    phone_number_id: str = Field(description="Meta's id of the number.", examples=["106540352242922"])
    waba_id: str = Field(description="Meta's id of its WhatsApp Business Account.", examples=["102290129340398"])
    display_phone_number: str = Field(examples=["+1 555-010-0"])
    verified_name: str | None
    throughput_mps: int = Field(description="Messages a second, in and out together, that Meta allows.")
    quality_rating: str | None = Field(examples=["GREEN"])
    pause_reason: str | None = Field(description="Why it sends nothing now; null while it sends.")
    bulk_pause_reason: str | None = Field(description="Why its messages of priority `bulk` wait, or last waited.")
    bulk_paused_until: datetime | None = Field(description="Until when they wait.")
    created_at: datetime
    updated_at: datetime


class NumberList(BaseModel):
    """A page of numbers."""

    model_config = ConfigDict(from_attributes=True)

    data: list[NumberShown]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")
