"""Cards side by side, of media with a link or of products (Meta: interactive carousel messages)."""

from __future__ import annotations

from simulator.graph.content.interactive_parts import read_action, read_body, read_header, read_link_button
from simulator.graph.content.interactive_products import read_product
from simulator.graph.content.sending import Sending
from simulator.graph.errors import not_valid
from simulator.graph.parameters import Parameters, length_invalid

CARDS = (2, 10)
CARD_BODY = length_invalid(160, "Card body text")
CARD_LINE_BREAKS_LIMIT = 2


def carousel(given: Parameters, sending: Sending) -> None:
    """All cards are of one kind, media or product, and media of one type."""
    read_body(given)
    action = given.inner("action")
    cards = action.items("cards")
    if not CARDS[0] <= len(cards) <= CARDS[1]:
        raise not_valid(f"Invalid cards count. Min allowed cards: {CARDS[0]}, Max allowed cards: {CARDS[1]}")
    if len({_read_card(card, sending) for card in cards}) > 1:
        raise not_valid("All cards must have the same type of header.")
    if sorted(card.kept["card_index"] for card in cards) != [*range(len(cards))]:
        raise not_valid("Card indexes must count from 0 without a gap.")


def _read_card(card: Parameters, sending: Sending) -> str:
    """What the cards must have in common: the type of the media, or that it is a product."""
    card.whole("card_index", 0, CARDS[1] - 1)
    if card.choice("type", "cta_url", "product") == "product":
        read_product(card.inner("action"))
        return "product"
    header = read_header(card, sending, "image", "video")
    if header is None:
        raise card.missing("header")
    _read_card_body(card)
    read_link_button(read_action(card, "cta_url"))
    return header


def _read_card_body(card: Parameters) -> None:
    if card.has("body"):
        read_body(card, CARD_BODY)
        if card.kept["body"]["text"].count("\n") > CARD_LINE_BREAKS_LIMIT:
            raise not_valid(f"Card body text has too many line breaks. Max allowed: {CARD_LINE_BREAKS_LIMIT}")
