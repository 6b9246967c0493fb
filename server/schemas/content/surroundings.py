"""What stands around an interactive message: its header, body and footer."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from server.schemas.content.parts import MediaSource, Part, Text, Visible, exactly_one, with_lower_type

BODY_MAX = 1024
"""Meta: interactive messages, the body of all types but lists."""
LIST_BODY_MAX = 4096
"""Meta: interactive list messages."""
HEADER_TEXT_MAX = 60
"""Meta: interactive messages."""
FOOTER_MAX = 60
"""Meta: interactive messages."""


class HeaderDocument(MediaSource):
    """A document shows its name."""

    filename: Annotated[Text, Field(min_length=1, max_length=240)] | None = None


class TextHeader(Part):
    """A line of bold text."""

    type: Literal["text"]
    text: Annotated[Visible, Field(max_length=HEADER_TEXT_MAX)]
    sub_text: Annotated[Text, Field(max_length=HEADER_TEXT_MAX)] | None = None


class ImageHeader(Part):
    type: Literal["image"]
    image: MediaSource


class VideoHeader(Part):
    type: Literal["video"]
    video: MediaSource


class DocumentHeader(Part):
    type: Literal["document"]
    document: HeaderDocument


Header = Annotated[
    TextHeader | ImageHeader | VideoHeader | DocumentHeader,
    Field(discriminator="type"),
    BeforeValidator(with_lower_type),
]
MediaHeader = Annotated[ImageHeader | VideoHeader, Field(discriminator="type"), BeforeValidator(with_lower_type)]


class Body(Part):
    text: Annotated[Visible, Field(max_length=BODY_MAX)]


class ListBody(Part):
    text: Annotated[Visible, Field(max_length=LIST_BODY_MAX)]


class Footer(Part):
    text: Annotated[Visible, Field(max_length=FOOTER_MAX)]


class FlowNames(Part):
    """A flow is named by its id or by its name."""

    flow_id: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    flow_name: Annotated[Text, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        exactly_one(flow_id=self.flow_id, flow_name=self.flow_name)
        return self
