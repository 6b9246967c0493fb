"""The carousel of a template: every card of the template is given, with its own header, body and buttons."""

from __future__ import annotations

from typing import Any

from simulator import template_parts
from simulator.graph.content import template_buttons, template_headers
from simulator.graph.content.sending import Sending
from simulator.graph.content.template_texts import Filling
from simulator.graph.errors import GraphError, messaging_error, template_issue
from simulator.graph.parameters import Parameters
from simulator.template_parts import Component

# Meta: carousel templates.
CARDS_LIMIT = 10
CARD_BODY_LIMIT = 160

_PARTS = ("header", "body", "button")


def fill(
    components: list[Component], given: Parameters | None, filling: Filling, sending: Sending
) -> list[dict[str, Any]] | None:
    cards = template_parts.cards_of(components)
    given_cards = given.maybe_items("cards") if given is not None else []
    if cards is None:
        if given is not None:
            raise template_issue("carousel: Template does not contain a carousel, no cards allowed")
        return None
    if len(given_cards) != len(cards):
        raise _wrong_count(len(given_cards), len(cards))
    indexes = [card.whole("card_index", 0, CARDS_LIMIT - 1) for card in given_cards]
    if sorted(indexes) != [*range(len(cards))]:
        raise template_issue("carousel: card_index must count from 0 without a gap")
    shown = [_card(cards[i], i, card, filling, sending) for i, card in zip(indexes, given_cards, strict=True)]
    return sorted(shown, key=lambda card: int(card["card_index"]))


def _card(
    components: list[Component], index: int, given: Parameters, filling: Filling, sending: Sending
) -> dict[str, Any]:
    parts: dict[str, list[Parameters]] = {type_: [] for type_ in _PARTS}
    for part in given.maybe_items("components"):
        parts[part.choice("type", *_PARTS)].append(part)
    header, body = (parts[type_][0] if parts[type_] else None for type_ in ("header", "body"))
    name = f"carousel: card {index}: "
    shown = {
        "card_index": index,
        "header": template_headers.fill(components, header, filling, sending, f"{name}header"),
        "body": filling.body(components, body, CARD_BODY_LIMIT, f"{name}body"),
        "buttons": template_buttons.fill(components, parts["button"], filling, f"{name}buttons"),
    }
    return {key: value for key, value in shown.items() if value or key == "card_index"}


def _wrong_count(given: int, wanted: int) -> GraphError:
    return messaging_error(
        132000, f"carousel: number of cards ({given}) does not match the expected number of cards ({wanted})"
    )
