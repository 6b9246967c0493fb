"""Contact cards."""

import datetime
from typing import Annotated, Self

from pydantic import Field, field_serializer, model_validator

from server.schemas.content.parts import Part, Text, Visible, does_not_fit

CONTACTS_MAX = 257
"""Meta: contacts messages."""
FIELD_MAX = 1000
"""Ours: Meta names no limit for the fields of a card."""
ENTRIES_MAX = 100
"""Ours, as above, for the phones, addresses and the like of one card."""

Field_ = Annotated[Text, Field(max_length=FIELD_MAX)]
Kind = Annotated[Text, Field(max_length=64, examples=["WORK"])]


class Name(Part):
    """A name as a whole, and at least one of its parts (Meta: contacts messages)."""

    formatted_name: Annotated[Visible, Field(max_length=FIELD_MAX)]
    first_name: Field_ | None = None
    last_name: Field_ | None = None
    middle_name: Field_ | None = None
    prefix: Field_ | None = None
    suffix: Field_ | None = None

    @model_validator(mode="after")
    def _has_a_part(self) -> Self:
        if not any((self.first_name, self.last_name, self.middle_name, self.prefix, self.suffix)):
            raise does_not_fit("A name needs formatted_name and at least one of its parts, such as first_name")
        return self


class Phone(Part):
    """With a `wa_id` the card shows a button to write to them."""

    phone: Field_ | None = None
    type: Kind | None = None
    wa_id: Annotated[Text, Field(max_length=64)] | None = None


class Email(Part):
    email: Field_ | None = None
    type: Kind | None = None


class Url(Part):
    url: Field_ | None = None
    type: Kind | None = None


class Address(Part):
    street: Field_ | None = None
    city: Field_ | None = None
    state: Field_ | None = None
    zip: Field_ | None = None
    country: Field_ | None = None
    country_code: Field_ | None = None
    type: Kind | None = None


class Organisation(Part):
    company: Field_ | None = None
    department: Field_ | None = None
    title: Field_ | None = None


class Contact(Part):
    """One card."""

    name: Name
    phones: Annotated[list[Phone], Field(max_length=ENTRIES_MAX)] | None = None
    emails: Annotated[list[Email], Field(max_length=ENTRIES_MAX)] | None = None
    urls: Annotated[list[Url], Field(max_length=ENTRIES_MAX)] | None = None
    addresses: Annotated[list[Address], Field(max_length=ENTRIES_MAX)] | None = None
    org: Organisation | None = None
    birthday: datetime.date | None = Field(None, description="YYYY-MM-DD", examples=["1990-05-17"])

    @field_serializer("birthday")
    def _as_meta_writes(self, birthday: datetime.date | None) -> str | None:
        return None if birthday is None else birthday.isoformat()


Contacts = Annotated[list[Contact], Field(min_length=1, max_length=CONTACTS_MAX)]
