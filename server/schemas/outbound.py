"""Commands: what a customer asks to send. Frozen, validated, and independent of how Meta spells it.

`whatsapp.renderer` turns a command into Meta's payload. Limits are Meta's, named, with their source.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from server.domain.enums import OnAmbiguous
from server.domain.identity import phone_digits

TEXT_BODY_MAX = 4096
"""Meta: text messages."""
WAMID_MAX = 512
CLIENT_REFERENCE_MAX = 255


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "The text holds a NUL character")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank_text", "The text is empty or only spaces")
    return text


def _phone(text: str) -> str:
    digits = phone_digits(text)
    if digits is None:
        raise PydanticCustomError("invalid_recipient", "This is not an international phone number")
    return f"+{digits}"


Text = Annotated[str, AfterValidator(_no_nul)]
Phone = Annotated[
    str,
    Field(min_length=1, max_length=64, description="A phone number in E.164.", examples=["+15550100"]),
    AfterValidator(_phone),
]


class Command(BaseModel):
    """The base of all commands."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TextContent(Command):
    """The text, and whether Meta shows a preview of its first link."""

    body: Annotated[Text, AfterValidator(_not_blank), Field(min_length=1, max_length=TEXT_BODY_MAX)]
    preview_url: bool = False


class SendText(Command):
    """Send a text. It needs an open customer service window."""

    sender: Annotated[
        Text,
        Field(
            alias="from",
            min_length=1,
            max_length=64,
            description="The sending number: its id here, Meta's phone_number_id, or the number itself.",
        ),
    ]
    to: Phone
    type: Literal["text"] = "text"
    text: TextContent
    reply_to: Annotated[Text, Field(min_length=1, max_length=WAMID_MAX)] | None = Field(
        None, description="The wamid of the message that this one answers."
    )
    client_reference: Annotated[Text, Field(min_length=1, max_length=CLIENT_REFERENCE_MAX)] | None = Field(
        None, description="Your own reference, given back in every event."
    )
    on_ambiguous: OnAmbiguous = Field(
        OnAmbiguous.RETRY, description="What to do when it stays unknown whether Meta took the message."
    )


SendCommand = SendText
"""Everything that can be sent."""

_COMMAND: TypeAdapter[SendCommand] = TypeAdapter(SendCommand)
_KEPT_IN_COLUMNS = {"sender", "to", "client_reference", "on_ambiguous"}


def stored_content(command: SendCommand) -> dict[str, Any]:
    """What `messages.content` keeps of a command: all that is not in a column of its own."""
    return command.model_dump(mode="json", by_alias=True, exclude=_KEPT_IN_COLUMNS, exclude_none=True)


def from_stored(content: dict[str, Any], *, sender: str, to: str) -> SendCommand:
    """The command again. Raises pydantic.ValidationError when the content is of an older form."""
    return _COMMAND.validate_python({**content, "from": sender, "to": to})
