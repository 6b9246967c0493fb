"""Interactive messages about conversations: buttons, lists, links, flows, requests, calls, carousels.

Those about goods and payments are in `commerce`. `Interactive` is the union of all, told apart by `type`.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from server.schemas.content.commerce import (
    CatalogMessage,
    OrderDetails,
    OrderStatus,
    Product,
    ProductList,
    ProductReference,
)
from server.schemas.content.parts import PAYLOAD_MAX, Link, Part, Text, Visible, does_not_fit, unique, with_lower_type
from server.schemas.content.surroundings import (
    Body,
    FlowNames,
    Footer,
    Header,
    ListBody,
    MediaHeader,
    TextHeader,
)

BUTTONS_MAX = 3
"""Meta: interactive reply button messages."""
BUTTON_TITLE_MAX = 20
"""Meta: interactive messages, everything that stands on a button."""
LIST_SECTIONS_MAX = 10
"""Meta: interactive list messages."""
LIST_ROWS_MAX = 10
"""Meta: interactive list messages, of all sections together."""
ROW_ID_MAX = 200
ROW_TITLE_MAX = 24
ROW_DESCRIPTION_MAX = 72
SECTION_TITLE_MAX = 24
"""Meta: interactive list messages."""
FLOW_CTA_MAX = 30
"""Meta: flow messages, the text on the button."""
CARDS_MIN, CARDS_MAX = 2, 10
"""Meta: interactive carousel messages."""
CARD_BODY_MAX = 160
CARD_LINE_BREAKS_MAX = 2
"""Meta: interactive carousel messages."""
CALL_TTL_MINUTES_MAX = 43_200
"""Meta: voice call buttons, 30 days."""

ButtonText = Annotated[Visible, Field(max_length=BUTTON_TITLE_MAX)]
Payload = Annotated[Text, Field(min_length=1, max_length=PAYLOAD_MAX)]


class Reply(Part):
    """`id` comes back when the button is tapped."""

    id: Payload
    title: ButtonText


class ReplyButton(Part):
    type: Literal["reply"]
    reply: Reply


class ButtonsAction(Part):
    buttons: Annotated[list[ReplyButton], Field(min_length=1, max_length=BUTTONS_MAX)]

    @model_validator(mode="after")
    def _differ(self) -> Self:
        unique((button.reply.id for button in self.buttons), "id")
        unique((button.reply.title for button in self.buttons), "title")
        return self


class Buttons(Part):
    """Up to three buttons; the person's choice comes as a message."""

    type: Literal["button"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: ButtonsAction


class Row(Part):
    id: Annotated[Text, Field(min_length=1, max_length=ROW_ID_MAX)]
    title: Annotated[Visible, Field(max_length=ROW_TITLE_MAX)]
    description: Annotated[Text, Field(max_length=ROW_DESCRIPTION_MAX)] | None = None


class Section(Part):
    title: Annotated[Text, Field(max_length=SECTION_TITLE_MAX)] | None = None
    rows: Annotated[list[Row], Field(min_length=1, max_length=LIST_ROWS_MAX)]


class ListAction(Part):
    button: ButtonText
    sections: Annotated[list[Section], Field(min_length=1, max_length=LIST_SECTIONS_MAX)]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        rows = [row for section in self.sections for row in section.rows]
        if len(rows) > LIST_ROWS_MAX:
            raise does_not_fit(f"A list has at most {LIST_ROWS_MAX} rows in all its sections together")
        if len(self.sections) > 1 and not all(section.title for section in self.sections):
            raise does_not_fit("Each section needs a title where there is more than one")
        unique((row.id for row in rows), "id")
        return self


class ListMessage(Part):
    """Up to ten rows behind a button."""

    type: Literal["list"]
    header: TextHeader | None = None
    body: ListBody
    footer: Footer | None = None
    action: ListAction


class UrlParameters(Part):
    display_text: ButtonText
    url: Link


class UrlAction(Part):
    name: Literal["cta_url"]
    parameters: UrlParameters


class UrlMessage(Part):
    """A button that opens a link."""

    type: Literal["cta_url"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: UrlAction


class FlowPayload(Part):
    screen: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    data: dict[str, JsonValue] | None = None


class FlowParameters(FlowNames):
    flow_message_version: Literal["3"]
    flow_cta: Annotated[Visible, Field(max_length=FLOW_CTA_MAX)]
    flow_token: Annotated[Text, Field(max_length=512)] | None = None
    mode: Literal["draft", "published"] | None = None
    flow_action: Literal["navigate", "data_exchange"] | None = None
    flow_action_payload: FlowPayload | None = None


class FlowAction(Part):
    name: Literal["flow"]
    parameters: FlowParameters


class FlowMessage(Part):
    """A button that opens a flow."""

    type: Literal["flow"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: FlowAction


class NamedAction(Part):
    """An action that is all said with its name."""

    name: Literal["send_location", "request_contact_info", "call_permission_request"]


class LocationRequest(Part):
    """Asks for the person's location."""

    type: Literal["location_request_message"]
    body: Body
    action: NamedAction


class ContactInfoRequest(Part):
    """Asks a person who is known by user id for their phone number."""

    type: Literal["request_contact_info"]
    body: Body
    action: NamedAction


class CallPermissionRequest(Part):
    """Asks whether the business may call. Meta lets it be asked once a day and twice a week."""

    type: Literal["call_permission_request"]
    body: Body | None = None
    action: NamedAction


class AddressParameters(Part):
    """What is known of the address already, and what was wrong with it; the fields differ by country."""

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    values: dict[str, JsonValue] | None = None
    saved_addresses: list[dict[str, JsonValue]] | None = None
    validation_errors: dict[str, JsonValue] | None = None


class AddressAction(Part):
    name: Literal["address_message"]
    parameters: AddressParameters


class AddressRequest(Part):
    """Asks for an address. Meta offers it in few countries."""

    type: Literal["address_message"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: AddressAction


class CallParameters(Part):
    display_text: ButtonText | None = None
    ttl_minutes: Annotated[int, Field(ge=1, le=CALL_TTL_MINUTES_MAX)] | None = None
    payload: Annotated[Text, Field(max_length=512)] | None = None


class CallAction(Part):
    name: Literal["voice_call"]
    parameters: CallParameters | None = None


class VoiceCall(Part):
    """A button that calls the business."""

    type: Literal["voice_call"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: CallAction


class CardBody(Part):
    text: Annotated[Visible, Field(max_length=CARD_BODY_MAX)]

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        if self.text.count("\n") > CARD_LINE_BREAKS_MAX:
            raise does_not_fit(f"The body of a card has at most {CARD_LINE_BREAKS_MAX} line breaks")
        return self


class MediaCard(Part):
    """A picture or a video, a text, and a button that opens a link."""

    card_index: Annotated[int, Field(ge=0, lt=CARDS_MAX)]
    type: Literal["cta_url"]
    header: MediaHeader
    body: CardBody | None = None
    action: UrlAction


class ProductCard(Part):
    card_index: Annotated[int, Field(ge=0, lt=CARDS_MAX)]
    type: Literal["product"]
    action: ProductReference


Card = Annotated[MediaCard | ProductCard, Field(discriminator="type")]


class CarouselAction(Part):
    cards: Annotated[list[Card], Field(min_length=CARDS_MIN, max_length=CARDS_MAX)]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        unique((card.card_index for card in self.cards), "card_index")
        kinds = {card.header.type if isinstance(card, MediaCard) else card.type for card in self.cards}
        if len(kinds) > 1:
            raise does_not_fit("The cards of a carousel are all of one kind: images, videos or products")
        return self


class Carousel(Part):
    """Two to ten cards side by side."""

    type: Literal["carousel"]
    body: Body
    action: CarouselAction


Interactive = Annotated[
    Buttons
    | ListMessage
    | UrlMessage
    | FlowMessage
    | Product
    | ProductList
    | CatalogMessage
    | Carousel
    | LocationRequest
    | AddressRequest
    | ContactInfoRequest
    | CallPermissionRequest
    | VoiceCall
    | OrderDetails
    | OrderStatus,
    Field(discriminator="type"),
    BeforeValidator(with_lower_type),
]
