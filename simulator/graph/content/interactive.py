"""Interactive messages: the table of their kinds, each with a function that checks header, body, footer and action.

Called through the table in `types.py`. What is kept is what a person later taps: buttons with ids, rows, flow tokens.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.graph.content import (
    interactive_calls,
    interactive_carousels,
    interactive_flows,
    interactive_orders,
    interactive_products,
    interactive_replies,
    interactive_requests,
)
from simulator.graph.content.sending import Sending
from simulator.graph.parameters import Content, Parameters

KINDS: dict[str, Callable[[Parameters, Sending], None]] = {
    "address_message": interactive_requests.address,
    "button": interactive_replies.buttons,
    "call_permission_request": interactive_calls.permission,
    "carousel": interactive_carousels.carousel,
    "catalog_message": interactive_products.catalog,
    "cta_url": interactive_requests.link,
    "flow": interactive_flows.flow,
    "list": interactive_replies.rows,
    "location_request_message": interactive_requests.location,
    "order_details": interactive_orders.details,
    "order_status": interactive_orders.status,
    "product": interactive_products.product,
    "product_list": interactive_products.products,
    "request_contact_info": interactive_requests.contact_info,
    "voice_call": interactive_calls.call_button,
}


def interactive(message: Parameters, sending: Sending) -> Content:
    given = message.inner("interactive")
    KINDS[given.choice("type", *KINDS)](given, sending)
    return given.done()
