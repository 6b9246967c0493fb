"""Products of a catalog: one, several, or the catalog itself (Meta: product and catalog messages).

Catalogs are not simulated: every catalog id and retailer id is taken.
"""

from __future__ import annotations

from simulator.graph.content.interactive_parts import read_action, read_body, read_footer, read_header
from simulator.graph.content.interactive_replies import read_sections
from simulator.graph.content.sending import Sending
from simulator.graph.errors import not_valid
from simulator.graph.parameters import Parameters

PRODUCTS_LIMIT = 30


def product(given: Parameters, _sending: Sending) -> None:
    if given.has("body"):
        read_body(given)
    read_footer(given)
    read_product(given.inner("action"))


def products(given: Parameters, sending: Sending) -> None:
    if read_header(given, sending, "text") is None:
        raise given.missing("header")
    read_body(given)
    read_footer(given)
    action = given.inner("action")
    action.text("catalog_id")
    count = 0
    for section in read_sections(action):
        items = section.items("product_items")
        count += len(items)
        for item in items:
            item.text("product_retailer_id")
    if count > PRODUCTS_LIMIT:
        raise not_valid(f"Total product count exceed max allowed count: {PRODUCTS_LIMIT}")


def catalog(given: Parameters, _sending: Sending) -> None:
    read_body(given)
    read_footer(given)
    parameters = read_action(given, "catalog_message").maybe_inner("parameters")
    if parameters is not None:
        parameters.maybe_text("thumbnail_product_retailer_id")


def read_product(action: Parameters) -> None:
    action.text("catalog_id")
    action.text("product_retailer_id")
