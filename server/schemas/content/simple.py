"""Texts, places, reactions and pins."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from server.schemas.content.parts import NO_NUL, NOT_BLANK, Part, Text, Wamid, does_not_fit

TEXT_BODY_MAX = 4096
"""Meta: text messages."""
PLACE_MAX = 1000
"""Ours: Meta names no limit for the name and the address of a place."""
EMOJI_MAX = 32
"""Ours: the longest emoji sequences have about a dozen code points."""
PIN_DAYS_MAX = 30
"""Meta: pin messages, `expiration_days`."""

PlaceText = Annotated[Text, Field(max_length=PLACE_MAX)]


class TextContent(Part):
    """The text, and whether Meta shows a preview of its first link."""

    # Each part of it by itself, for a batch has a thousand: an empty text is found by its being blank.
    body: Annotated[str, Field(max_length=TEXT_BODY_MAX, json_schema_extra={"minLength": 1}), NO_NUL, NOT_BLANK]
    preview_url: bool = False


class Location(Part):
    """A place on the map, with a name and an address if it has them."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    name: PlaceText | None = None
    address: PlaceText | None = None


class Reaction(Part):
    """An emoji on a message; an empty one takes it away. Meta tells that it is sent, and nothing after that."""

    message_id: Wamid = Field(description="The wamid of the message, at most 30 days old.")
    emoji: Annotated[Text, Field(max_length=EMOJI_MAX)]


class Pin(Part):
    """Pins a message of a group, or takes the pin away. Of more than three the oldest goes."""

    type: Literal["pin", "unpin"]
    message_id: Wamid
    expiration_days: Annotated[int, Field(ge=1, le=PIN_DAYS_MAX)] | None = None

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.type == "pin" and self.expiration_days is None:
            raise does_not_fit("A pin needs expiration_days")
        return self
