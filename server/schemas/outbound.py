"""Commands: what a customer asks to send. Frozen, validated, and independent of where they go.

An envelope (from, to, when, what to do in doubt) around a content of `schemas.content`. `whatsapp.renderer` turns a
command into Meta's payload. Limits are Meta's, named, with their source.
"""

import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from server.domain.enums import OnAmbiguous, Priority
from server.domain.identity import Recipient, read_recipient
from server.domain.local_time import NoSuchTime, NoSuchZone, instant
from server.schemas.content.contacts import Contacts
from server.schemas.content.interactive import Interactive
from server.schemas.content.media import Audio, Document, Image, Sticker, Video
from server.schemas.content.parts import NO_NUL, Moment, Text, Wamid, does_not_fit
from server.schemas.content.simple import Location, Pin, Reaction, TextContent
from server.schemas.content.template import Template

CLIENT_REFERENCE_MAX = 255
RECIPIENT_MAX = 200
"""Business-scoped user ids have up to 135 characters (Meta: business-scoped user ids)."""
UTILITY_TTL_S = (30, 43_200)
"""Meta: Direct Send, utility; without one it is 30 days."""
AUTHENTICATION_TTL_S = (30, 900)
"""Meta: Direct Send, authentication."""
RAW_RESERVED = frozenset(
    {"messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data", "status"}
)
"""What the envelope decides, and what would make it something else than a message."""
RAW_TYPE = r"^[a-z][a-z0-9_]{0,63}$"


To = Annotated[
    str,
    Field(
        min_length=1,
        max_length=RECIPIENT_MAX,
        description="A phone number in E.164, a business-scoped user id such as `US.1349…`, or, with `recipient_type` "
        "`group`, the id of a group.",
        examples=["+15550100"],
    ),
]


class Command(BaseModel):
    """The envelope: what all commands have."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sender: Annotated[
        str,
        Field(
            alias="from",
            min_length=1,
            max_length=64,
            description="The sending number: its id here, Meta's phone_number_id, or the number itself.",
        ),
        NO_NUL,  # behind the lengths, which Pydantic checks in Python otherwise
    ]
    recipient_type: Literal["individual", "group"] = "individual"
    to: To
    recipient_identity_key_hash: Annotated[Text, Field(min_length=1, max_length=128)] | None = Field(
        None, description="Meta sends only if the person's identity still has this hash."
    )
    reply_to: Wamid | None = Field(None, description="The wamid of the message that this one answers.")
    client_reference: Annotated[Text, Field(min_length=1, max_length=CLIENT_REFERENCE_MAX)] | None = Field(
        None, description="Your own reference, given back in every event."
    )
    priority: Priority | None = Field(
        None,
        description="Which of a number's messages leave first: `high` (one-time passwords, replies), `normal`, `bulk`. "
        "Left out, it follows from the message.",
    )
    on_ambiguous: OnAmbiguous = Field(
        OnAmbiguous.RETRY,
        description="What to do when it stays unknown whether Meta took the message. Templates are always held.",
    )
    time_zone: Annotated[str, Field(max_length=64, examples=["Europe/Berlin"])] | None = Field(
        None, description="The IANA zone of a `send_at` that has none."
    )
    send_at: Moment | None = Field(
        None,
        description="Not before this instant: RFC 3339 with a zone, or a local time together with `time_zone`.",
        examples=["2026-12-01T09:00:00+01:00"],
    )
    expires_at: Moment | None = Field(
        None,
        description="Not after this instant: it becomes `expired` when it has not left by then. RFC 3339 with a zone. "
        "One-time passwords expire after 10 minutes unless told otherwise.",
    )

    @field_validator("to", mode="after")
    @classmethod
    def _in_one_form(cls, to: str, info: ValidationInfo) -> str:
        recipient = read_recipient(to, is_group=info.data.get("recipient_type") == "group")
        if recipient is None:
            raise PydanticCustomError("invalid_recipient", "This is neither a phone number nor a user id")
        return recipient.written

    @field_validator("send_at", mode="after")
    @classmethod
    def _as_instant(cls, send_at: datetime.datetime | None, info: ValidationInfo) -> datetime.datetime | None:
        zone = info.data.get("time_zone")
        if send_at is None or zone is None:
            return _instant(send_at)
        if send_at.tzinfo is not None:
            raise does_not_fit("send_at has a zone of its own; leave out one of the two")
        return _in_zone(send_at, zone)

    # What holds of a field that is mostly left out is asked where it is given: asking each command costs a batch dear.
    @field_validator("expires_at", mode="after")
    @classmethod
    def _ends_after_it_begins(
        cls, expires_at: datetime.datetime | None, info: ValidationInfo
    ) -> datetime.datetime | None:
        ends, begins = _instant(expires_at), info.data.get("send_at")
        if ends and begins and ends <= begins:
            raise does_not_fit("expires_at is not after send_at")
        return ends

    @property
    def recipient(self) -> Recipient:
        """`to`, by its kind."""
        recipient = read_recipient(self.to, is_group=self.recipient_type == "group")
        assert recipient is not None  # noqa: S101 - the validator has read it before
        return recipient


def _instant(at: datetime.datetime | None) -> datetime.datetime | None:
    if at is not None and at.tzinfo is None:
        raise PydanticCustomError("invalid_time", "The time has no zone")
    return None if at is None else at.astimezone(datetime.UTC)


def _in_zone(wall: datetime.datetime, zone: str) -> datetime.datetime:
    try:
        return instant(wall, zone)
    except NoSuchZone:
        raise PydanticCustomError("no_such_zone", "There is no time zone of that name") from None
    except NoSuchTime:
        raise PydanticCustomError("no_such_time", "The clocks of that zone jump over this time") from None


class Direct(Command):
    """Meta's Direct Send: free-form content outside the window, as a template that Meta makes of it."""

    category: Literal["utility", "authentication"] | None = Field(
        None, description="Meta makes a template of this category of the message and needs no open window (beta)."
    )
    ttl_seconds: int | None = Field(None, description="How long Meta tries to deliver a message with a `category`.")

    @field_validator("ttl_seconds", mode="after")
    @classmethod
    def _ttl_fits(cls, ttl_seconds: int | None, info: ValidationInfo) -> int | None:
        if ttl_seconds is None or "category" not in info.data:  # a category that is none has an error of its own
            return ttl_seconds
        category = info.data["category"]
        if category is None:
            raise does_not_fit("ttl_seconds needs a category")
        least, most = UTILITY_TTL_S if category == "utility" else AUTHENTICATION_TTL_S
        if not least <= ttl_seconds <= most:
            raise does_not_fit(f"ttl_seconds of category {category} is {least} to {most}")
        return ttl_seconds


class SendText(Direct):
    """A text. Without a `category` it needs an open customer service window, as all but templates do."""

    type: Literal["text"] = "text"
    text: TextContent


class SendImage(Command):
    """A picture."""

    type: Literal["image"]
    image: Image


class SendVideo(Command):
    """A video."""

    type: Literal["video"]
    video: Video


class SendAudio(Command):
    """Music or a voice message."""

    type: Literal["audio"]
    audio: Audio


class SendDocument(Command):
    """A document."""

    type: Literal["document"]
    document: Document


class SendSticker(Command):
    """A sticker."""

    type: Literal["sticker"]
    sticker: Sticker


class SendLocation(Command):
    """A place."""

    type: Literal["location"]
    location: Location


class SendContacts(Command):
    """Contact cards."""

    type: Literal["contacts"]
    contacts: Contacts


class SendReaction(Command):
    """An emoji on a message of the conversation."""

    type: Literal["reaction"]
    reaction: Reaction


class SendInteractive(Direct):
    """Buttons, lists, flows, products and the like."""

    type: Literal["interactive"]
    interactive: Interactive


class SendPin(Command):
    """Pins a message of a group."""

    type: Literal["pin"]
    pin: Pin

    @model_validator(mode="after")
    def _is_for_a_group(self) -> Self:
        if self.recipient_type != "group":
            raise does_not_fit("Only messages of groups can be pinned: give recipient_type group")
        return self


class Marketing(BaseModel):
    """Sends the template through Meta's Marketing Messages API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_policy: Literal["CLOUD_API_FALLBACK", "STRICT"] | None = None
    message_activity_sharing: bool | None = None


class SendTemplate(Command):
    """An approved template. It needs no open window."""

    type: Literal["template"]
    template: Template
    marketing: Marketing | None = Field(
        None, description="Send through Meta's Marketing Messages API; for templates of category marketing."
    )
    on_ambiguous: Literal[OnAmbiguous.HOLD] = Field(
        OnAmbiguous.HOLD, description="Meta may hold a template for an hour, so silence proves nothing: always `hold`."
    )


class Raw(BaseModel):
    """A type of message that Meta has and this platform does not know yet: `type`, and the object of that name."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    type: Annotated[str, Field(pattern=RAW_TYPE)]

    @model_validator(mode="after")
    def _is_a_message(self) -> Self:
        if taken := sorted(RAW_RESERVED.intersection(self.__pydantic_extra__)):
            raise does_not_fit(f"{', '.join(taken)} belong to the command, not into raw")
        if self.type not in self.__pydantic_extra__:
            raise does_not_fit("raw has a type, and an object of that name")
        return self


class SendRaw(Command):
    """Meta's own JSON for one message, passed on unchecked: for what is newer than this platform."""

    type: Literal["raw"]
    raw: Raw


SendCommand = Annotated[
    SendText
    | SendImage
    | SendVideo
    | SendAudio
    | SendDocument
    | SendSticker
    | SendLocation
    | SendContacts
    | SendReaction
    | SendInteractive
    | SendTemplate
    | SendPin
    | SendRaw,
    Field(discriminator="type"),
]
"""Everything that can be sent."""

COMMAND: TypeAdapter[SendCommand] = TypeAdapter(SendCommand)
_KEPT_IN_COLUMNS = {
    *("sender", "to", "client_reference", "on_ambiguous"),
    *("priority", "time_zone", "send_at", "expires_at"),
}


def canonical(command: SendCommand) -> bytes:
    """The JSON of a command, equal for equal commands. A field that is new and left out changes nothing."""
    # Each by its own class: the union would ask of every command which of its types it is.
    return command.__pydantic_serializer__.to_json(command, by_alias=True, exclude_defaults=True)


def stored_content(command: SendCommand) -> bytes:
    """A JSON object: what `messages.content` keeps of a command, which is all that has no column of its own."""
    return command.__pydantic_serializer__.to_json(command, by_alias=True, exclude=_KEPT_IN_COLUMNS, exclude_none=True)


def from_stored(content: dict[str, Any], *, sender: str, to: str) -> SendCommand:
    """The command again. Raises pydantic.ValidationError when the content is of an older form."""
    return COMMAND.validate_python({**content, "from": sender, "to": to})
