"""The buttons of a template or of a card: which of them need a parameter, and what tapping them returns.

Called by `templates.py` and `template_cards.py`. Each kind of button is one entry in the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.graph.content.template_texts import CODE_LIMIT, Filling, too_long
from simulator.graph.errors import invalid, messaging_error, template_issue
from simulator.graph.parameters import Length, Parameters
from simulator.template_parts import Component, buttons_of, hydrated, name_of, variables

# Meta: template components.
BUTTONS_LIMIT = 10
COUPON_CODE = Length(15)
URL_LIMIT = 2000
PRODUCT_SECTIONS_LIMIT = 10

Shown = dict[str, Any]
Reader = Callable[[Parameters, Component, Filling], Shown]


@dataclass(frozen=True, slots=True)
class _Kind:
    """`name` is how Meta's details call it. `required`: without a parameter it cannot be sent."""

    sub_type: str
    name: str
    read: Reader
    required: Callable[[Component], bool] = lambda _button: False
    most: int = 1


def fill(components: list[Component], given: list[Parameters], filling: Filling, part: str = "buttons") -> list[Shown]:
    """The buttons as the recipient has them, each with its index."""
    buttons = buttons_of(components)
    parameters = _by_index(given, buttons, part)
    return [_filled(place, button, parameters.get(place), filling, part) for place, button in enumerate(buttons)]


def _by_index(given: list[Parameters], buttons: list[Component], part: str) -> dict[int, Parameters]:
    found: dict[int, Parameters] = {}
    for component in given:
        index = component.whole("index", 0, BUTTONS_LIMIT - 1)
        component.text("sub_type")
        if not buttons:
            raise template_issue(f"{part}: Template does not contain button components, no parameters allowed")
        if index >= len(buttons):
            raise template_issue(f"{part}: Template has no button at index {index}")
        if index in found:
            raise template_issue(f"{part}: Button at index {index} is given more than once")
        found[index] = component
    return found


def _filled(place: int, button: Component, given: Parameters | None, filling: Filling, part: str) -> Shown:
    type_ = name_of(button, "type")
    shown: Shown = {"index": place, "type": type_.lower(), "text": button.get("text", "")}
    kind = BUTTON_KINDS.get(type_)
    if kind is None:
        if given is not None:
            raise template_issue(f"{part}: Button at index {place} does not take parameters")
        return shown
    if given is not None and given.text("sub_type").lower() != kind.sub_type:
        raise template_issue(f"{part}: Button at index {place} must be of type {kind.name}")
    parameters = given.maybe_items("parameters", kind.most) if given is not None else []
    if not parameters:
        if kind.required(button):
            raise messaging_error(131008, f"{part}: Button at index {place} of type {kind.name} requires a parameter")
        return shown | _untouched(button, type_)
    if type_ == "URL" and not variables(button.get("url", "")):
        raise template_issue(f"{part}: Button at index {place} of type Url does not require parameters")
    for parameter in parameters:
        shown |= kind.read(parameter, button, filling)
    return shown


def _untouched(button: Component, type_: str) -> Shown:
    match type_:
        case "QUICK_REPLY":
            return {"payload": button.get("text", "")}
        case "URL":
            return {"url": button.get("url", "")}
        case "FLOW":
            return {"flow_token": "unused"}
    return {}


def _read_payload(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    parameter.choice("type", "payload")
    return {"payload": parameter.text("payload")}


def _read_suffix(parameter: Parameters, button: Component, _filling: Filling) -> Shown:
    url = button.get("url", "")
    suffix = _text_of(parameter)
    filled = hydrated(url, dict.fromkeys(variables(url), suffix))
    if len(filled) > URL_LIMIT:
        raise too_long("buttons: the url", len(filled), URL_LIMIT)
    return {"url": filled}


def _read_code(parameter: Parameters, button: Component, _filling: Filling) -> Shown:
    code = _text_of(parameter)
    if len(code) > CODE_LIMIT:
        raise template_issue(f"buttons: Parameter exceeds the parameter length limit {CODE_LIMIT}")
    return {"otp_type": name_of(button, "otp_type").lower(), "code": code}


def _read_coupon(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    parameter.choice("type", "coupon_code")
    return {"coupon_code": parameter.text("coupon_code", COUPON_CODE)}


def _read_flow(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    parameter.choice("type", "action")
    action = parameter.inner("action")
    shown: Shown = {"flow_token": action.fallback("flow_token", "unused")}
    if action.has("flow_action_data"):
        shown["flow_action_data"] = action.open_inner("flow_action_data").kept
    return shown


def _read_thumbnail(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    parameter.choice("type", "action")
    action = parameter.inner("action")
    action.maybe_text("thumbnail_product_retailer_id")
    return {"action": action.kept}


def _read_products(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    parameter.choice("type", "action")
    action = parameter.inner("action")
    action.maybe_text("thumbnail_product_retailer_id")
    for section in action.items("sections", PRODUCT_SECTIONS_LIMIT):
        section.maybe_text("title")
        for item in section.items("product_items"):
            item.text("product_retailer_id")
    return {"action": action.kept}


def _read_order(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    parameter.choice("type", "action")
    action = parameter.inner("action")
    action.open_inner("order_details").text("reference_id")
    return {"action": action.kept}


def _read_call(parameter: Parameters, _button: Component, _filling: Filling) -> Shown:
    if parameter.choice("type", "payload", "ttl_minutes") == "payload":
        return {"payload": parameter.text("payload")}
    return {"ttl_minutes": parameter.whole("ttl_minutes", 1, 43_200)}


def _text_of(parameter: Parameters) -> str:
    parameter.choice("type", "text")
    if parameter.peek("text") in (None, ""):
        raise invalid("button: Parameter 'text' is mandatory for component parameter type 'text' and cannot be empty")
    return parameter.text("text")


def _always(_button: Component) -> bool:
    return True


BUTTON_KINDS = {
    "CATALOG": _Kind("catalog", "Catalog", _read_thumbnail),
    "COPY_CODE": _Kind("copy_code", "CopyCode", _read_coupon, _always),
    "FLOW": _Kind("flow", "Flow", _read_flow),
    "MPM": _Kind("mpm", "MPM", _read_products, _always),
    "ORDER_DETAILS": _Kind("order_details", "OrderDetails", _read_order, _always),
    "OTP": _Kind("url", "Url", _read_code, _always),
    "QUICK_REPLY": _Kind("quick_reply", "QuickReply", _read_payload),
    "URL": _Kind("url", "Url", _read_suffix, lambda button: bool(variables(button.get("url", "")))),
    "VOICE_CALL": _Kind("voice_call", "VoiceCall", _read_call, most=2),
}
