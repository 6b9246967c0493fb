"""Template messages: the name of a template, its language, and what fills its variables.

Whether the parameters fit the template as Meta has it stored is for the gates to judge; here stands what holds for all.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from server.schemas.content.parts import MediaSource, Part, Text, unique, with_lower_type
from server.schemas.content.simple import Location
from server.schemas.content.surroundings import HeaderDocument

TEMPLATE_NAME_MAX = 512
"""Meta: message templates."""
BUTTON_INDEX_MAX = 9
"""Meta: message templates, at most ten buttons."""
COMPONENTS_MAX = 16
"""Ours: a header, a body, ten buttons, an offer and a carousel, and some room."""
PARAMETERS_MAX = 100
"""Ours: Meta bounds them only by the length of the text."""
PARAMETER_TEXT_MAX = 32_768
"""Meta: error 132005 judges the whole text; a single parameter of a body takes no more than this."""
CARDS_MIN, CARDS_MAX = 2, 10
"""Meta: carousel templates."""

ParameterName = Annotated[str, Field(pattern="^[a-z0-9_]{1,100}$")]


class NamedParameter(Part):
    """A parameter by name; without one they go by their order."""

    parameter_name: ParameterName | None = None


class TextParameter(NamedParameter):
    type: Literal["text"]
    text: Annotated[Text, Field(max_length=PARAMETER_TEXT_MAX)]


class Money(Part):
    """`amount_1000` is the amount times a thousand; `fallback_value` is what older phones show."""

    fallback_value: Annotated[Text, Field(max_length=200)]
    code: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    amount_1000: int


class CurrencyParameter(NamedParameter):
    type: Literal["currency"]
    currency: Money


class Moment(Part):
    """Meta shows `fallback_value` and ignores the rest."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    fallback_value: Annotated[Text, Field(max_length=200)]


class DateTimeParameter(NamedParameter):
    type: Literal["date_time"]
    date_time: Moment


class ImageParameter(Part):
    """Without a caption, which only messages have: the template's body stands there."""

    type: Literal["image"]
    image: MediaSource


class VideoParameter(Part):
    type: Literal["video"]
    video: MediaSource


class DocumentParameter(Part):
    type: Literal["document"]
    document: HeaderDocument


class LocationParameter(Part):
    type: Literal["location"]
    location: Location


class TemplateProduct(Part):
    product_retailer_id: Annotated[Text, Field(min_length=1, max_length=200)]
    catalog_id: Annotated[Text, Field(min_length=1, max_length=64)] | None = None


class ProductParameter(Part):
    type: Literal["product"]
    product: TemplateProduct


class PayloadParameter(Part):
    type: Literal["payload"]
    payload: Annotated[Text, Field(max_length=1000)]


class CouponParameter(Part):
    type: Literal["coupon_code"]
    coupon_code: Annotated[Text, Field(min_length=1, max_length=20)]


class ActionParameter(Part):
    """What a flow, catalogue or multi-product button needs."""

    type: Literal["action"]
    action: dict[str, JsonValue]


class Offer(Part):
    expiration_time_ms: Annotated[int, Field(ge=0)]


class OfferParameter(Part):
    type: Literal["limited_time_offer"]
    limited_time_offer: Offer


class TtlParameter(Part):
    type: Literal["ttl_minutes"]
    ttl_minutes: Annotated[int, Field(ge=1)]


HeaderParameter = Annotated[
    TextParameter | ImageParameter | VideoParameter | DocumentParameter | LocationParameter | ProductParameter,
    Field(discriminator="type"),
    BeforeValidator(with_lower_type),
]
BodyParameter = Annotated[
    TextParameter | CurrencyParameter | DateTimeParameter, Field(discriminator="type"), BeforeValidator(with_lower_type)
]
ButtonParameter = Annotated[
    TextParameter | PayloadParameter | CouponParameter | ActionParameter | TtlParameter,
    Field(discriminator="type"),
    BeforeValidator(with_lower_type),
]


class HeaderComponent(Part):
    type: Literal["header"]
    parameters: Annotated[list[HeaderParameter], Field(max_length=1)]


class BodyComponent(Part):
    type: Literal["body"]
    parameters: Annotated[list[BodyParameter], Field(max_length=PARAMETERS_MAX)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        unique((one.parameter_name for one in self.parameters if one.parameter_name), "parameter_name")
        return self


class ButtonComponent(Part):
    """`index` counts the template's buttons from 0; Meta takes it as a number or as a text."""

    type: Literal["button"]
    sub_type: Annotated[str, Field(pattern="^[A-Za-z_]{1,64}$", examples=["quick_reply", "url", "copy_code"])]
    index: Annotated[int, Field(ge=0, le=BUTTON_INDEX_MAX)] | Annotated[str, Field(pattern="^[0-9]$")]
    parameters: Annotated[list[ButtonParameter], Field(max_length=PARAMETERS_MAX)] | None = None


class OfferComponent(Part):
    type: Literal["limited_time_offer"]
    parameters: Annotated[list[OfferParameter], Field(min_length=1, max_length=1)]


CardComponent = Annotated[
    HeaderComponent | BodyComponent | ButtonComponent, Field(discriminator="type"), BeforeValidator(with_lower_type)
]


class TemplateCard(Part):
    card_index: Annotated[int, Field(ge=0, lt=CARDS_MAX)]
    components: Annotated[list[CardComponent], Field(max_length=COMPONENTS_MAX)]


class CarouselComponent(Part):
    type: Literal["carousel"]
    cards: Annotated[list[TemplateCard], Field(min_length=CARDS_MIN, max_length=CARDS_MAX)]

    @model_validator(mode="after")
    def _indexes_differ(self) -> Self:
        unique((card.card_index for card in self.cards), "card_index")
        return self


Component = Annotated[
    HeaderComponent | BodyComponent | ButtonComponent | OfferComponent | CarouselComponent,
    Field(discriminator="type"),
    BeforeValidator(with_lower_type),
]


class Language(Part):
    code: Annotated[str, Field(pattern="^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$", examples=["en_US"])]
    policy: Literal["deterministic"] | None = None


class Template(Part):
    """Which template, in which language, filled with what."""

    name: Annotated[str, Field(pattern="^[a-z0-9_]+$", max_length=TEMPLATE_NAME_MAX)]
    language: Language
    components: Annotated[list[Component], Field(max_length=COMPONENTS_MAX)] | None = None

    @model_validator(mode="after")
    def _components_differ(self) -> Self:
        """One of each kind, and one a button."""
        unique(
            ((one.type, str(one.index) if isinstance(one, ButtonComponent) else "") for one in self.components or []),
            "type and index",
        )
        return self
