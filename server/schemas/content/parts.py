"""The small parts that all content shares: texts that can be stored, links, references to media, the base model.

Errors name the codes of `domain.field_errors`, so that a caller reads which field is wrong and how to mend it.
"""

import datetime
import re
from collections.abc import Hashable, Iterable
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

LINK_MAX = 2048
"""Ours: Meta names no limit for links of media; browsers and servers agree on about this."""
MEDIA_ID_MAX = 128
WAMID_MAX = 512
PAYLOAD_MAX = 256
"""Meta: reply buttons, the id of a button. Ours for other payloads that Meta gives no limit."""


class Part(BaseModel):
    """The base of all content: frozen, and closed to fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def no_nul(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "The text holds a NUL character")
    return text


def not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank_text", "The text is empty or only spaces")
    return text


def rfc3339(value: object) -> object:
    """Pydantic alone would also read numbers, as seconds since 1970, and texts that are none but look like them."""
    if (
        value is None
        or (isinstance(value, str) and _DATE_AND_TIME.match(value))
        or isinstance(value, datetime.datetime)
    ):
        return value
    raise PydanticCustomError("invalid_time", "The value is not an instant")


_DATE_AND_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:", re.ASCII)
Moment = Annotated[datetime.datetime, BeforeValidator(rfc3339)]
"""RFC 3339. Whether it needs a zone is for its field to say."""
NO_NUL, NOT_BLANK = AfterValidator(no_nul), AfterValidator(not_blank)
Text = Annotated[str, NO_NUL]
Visible = Annotated[Text, NOT_BLANK, Field(min_length=1)]
Link = Annotated[str, Field(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\x00]+$", max_length=LINK_MAX)]
Wamid = Annotated[Text, Field(min_length=1, max_length=WAMID_MAX)]
Digits = Annotated[str, Field(pattern="^[0-9]{1,32}$")]


class MediaSource(Part):
    """A file: one that was uploaded (`id`, of this platform or Meta's own), or one that Meta is to fetch (`link`)."""

    id: Annotated[Text, Field(min_length=1, max_length=MEDIA_ID_MAX)] | None = Field(
        None, description="The id of a medium uploaded here, or an id that Meta gave."
    )
    link: Link | None = Field(None, description="Where Meta fetches the file; it keeps the copy for 10 minutes.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(id=self.id, link=self.link)
        return self


def exactly_one(**fields: object) -> None:
    """Raises `exactly_one` unless one of the fields, and only one, is given."""
    if sum(value is not None for value in fields.values()) != 1:
        raise PydanticCustomError("exactly_one", "Exactly one of {fields} is needed", {"fields": " and ".join(fields)})


def unique(values: Iterable[Hashable], what: str) -> None:
    """Raises `not_unique` when two are the same."""
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise PydanticCustomError("not_unique", "Two items have the same {what}", {"what": what})


def does_not_fit(why: str) -> PydanticCustomError:
    """Each field is right by itself and they are wrong together; `why` is a sentence without a full stop."""
    return PydanticCustomError("does_not_fit", "{why}", {"why": why})


def with_lower_type(value: Any) -> Any:
    """Meta takes `BUTTON` for `button`, and some libraries and examples write it so."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return {**value, "type": value["type"].lower()}
    return value
