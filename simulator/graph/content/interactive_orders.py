"""Orders to pay and their status, in India and Brazil (Meta: payments API).

Only what every payment method shares is checked; the other parameters depend on the country and are kept as they are.
"""

from __future__ import annotations

from simulator.graph.content.interactive_parts import read_action, read_body, read_footer, read_header
from simulator.graph.content.sending import Sending
from simulator.graph.parameters import Length, Parameters

REFERENCE_ID = Length(35)

_LARGEST_AMOUNT = 10**15
_STATUSES = ("pending", "processing", "partially_shipped", "shipped", "completed", "canceled")


def details(given: Parameters, sending: Sending) -> None:
    read_header(given, sending, "image", "video", "document", "text")
    read_body(given)
    read_footer(given)
    parameters = read_action(given, "review_and_pay").open_inner("parameters")
    parameters.text("reference_id", REFERENCE_ID)
    parameters.choice("type", "digital-goods", "physical-goods")
    parameters.choice("currency", "INR", "BRL")
    _read_amount(parameters.open_inner("total_amount"))
    order = parameters.open_inner("order")
    order.choice("status", "pending")
    for item in order.maybe_items("items"):
        _read_item(item)


def status(given: Parameters, _sending: Sending) -> None:
    read_body(given)
    read_footer(given)
    parameters = read_action(given, "review_order").open_inner("parameters")
    parameters.text("reference_id")
    parameters.open_inner("order").choice("status", *_STATUSES)


def _read_item(item: Parameters) -> None:
    item.keep_all()
    item.text("name")
    item.whole("quantity", 1, _LARGEST_AMOUNT)
    _read_amount(item.open_inner("amount"))


def _read_amount(amount: Parameters) -> None:
    amount.whole("value", 0, _LARGEST_AMOUNT)
    amount.whole("offset", 1, _LARGEST_AMOUNT)
