"""Interactive messages about goods and payments: products, catalogues, orders."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from server.schemas.content.parts import Part, Text, does_not_fit
from server.schemas.content.surroundings import Body, Footer, Header, TextHeader

PRODUCTS_MAX = 30
"""Meta: multi-product messages, of all sections together."""
PRODUCT_SECTIONS_MAX = 10
"""Meta: multi-product messages."""
PRODUCT_SECTION_TITLE_MAX = 24
"""Meta: multi-product messages."""
RETAILER_ID_MAX = 200

RetailerId = Annotated[Text, Field(min_length=1, max_length=RETAILER_ID_MAX)]
CatalogId = Annotated[Text, Field(min_length=1, max_length=64)]


class ProductReference(Part):
    catalog_id: CatalogId
    product_retailer_id: RetailerId


class Product(Part):
    """One product of a catalogue."""

    type: Literal["product"]
    body: Body | None = None
    footer: Footer | None = None
    action: ProductReference


class ProductItem(Part):
    product_retailer_id: RetailerId


class ProductSection(Part):
    title: Annotated[Text, Field(max_length=PRODUCT_SECTION_TITLE_MAX)] | None = None
    product_items: Annotated[list[ProductItem], Field(min_length=1, max_length=PRODUCTS_MAX)]


class ProductListAction(Part):
    catalog_id: CatalogId
    sections: Annotated[list[ProductSection], Field(min_length=1, max_length=PRODUCT_SECTIONS_MAX)]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if sum(len(section.product_items) for section in self.sections) > PRODUCTS_MAX:
            raise does_not_fit(f"There are at most {PRODUCTS_MAX} products in all sections together")
        if len(self.sections) > 1 and not all(section.title for section in self.sections):
            raise does_not_fit("Each section needs a title where there is more than one")
        return self


class ProductList(Part):
    """Up to thirty products of a catalogue, in sections."""

    type: Literal["product_list"]
    header: TextHeader
    body: Body
    footer: Footer | None = None
    action: ProductListAction


class CatalogParameters(Part):
    thumbnail_product_retailer_id: RetailerId


class CatalogAction(Part):
    name: Literal["catalog_message"]
    parameters: CatalogParameters | None = None


class CatalogMessage(Part):
    """The whole catalogue."""

    type: Literal["catalog_message"]
    body: Body
    footer: Footer | None = None
    action: CatalogAction


class OrderParameters(Part):
    """Payment settings, totals and the order itself differ by country and are passed as they are."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    reference_id: Annotated[Text, Field(min_length=1, max_length=64)]


class OrderDetailsAction(Part):
    name: Literal["review_and_pay"]
    parameters: OrderParameters


class OrderDetails(Part):
    """An order to be paid."""

    type: Literal["order_details"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: OrderDetailsAction


class OrderStatusAction(Part):
    name: Literal["review_order"]
    parameters: OrderParameters


class OrderStatus(Part):
    """What became of an order."""

    type: Literal["order_status"]
    header: Header | None = None
    body: Body
    footer: Footer | None = None
    action: OrderStatusAction
