"""Template sends: the template must exist, be in a state to be sent, and get exactly the parameters that it has.

Called through the table in `types.py`. The recipient gets the filled texts and the buttons with what tapping them
returns. Order and words of refusals are Meta's, as far as they are documented or recorded.
"""

from __future__ import annotations

from typing import Any

from simulator import template_parts
from simulator.graph.content import template_buttons, template_cards, template_headers, template_texts
from simulator.graph.content.sending import Sending
from simulator.graph.errors import GraphError, messaging_error, template_issue
from simulator.graph.parameters import Content, Parameters
from simulator.state import Template
from simulator.template_parts import Component

# Meta: template components. With a limited time offer the body is shorter.
BODY_LIMIT = 1024
OFFER_BODY_LIMIT = 600

_COMPONENTS = ("header", "body", "button", "limited_time_offer", "carousel")
_SENDABLE = ("APPROVED",)
_BSUID_REFUSAL = "Business-scoped User ID (BSUID) recipients are not supported for this message."


def template(message: Parameters, sending: Sending) -> Content:
    given = message.inner("template")
    wanted = _wanted(given, sending)
    _check_state(wanted)
    _check_recipient(wanted, sending)
    filled = _filled(wanted, _parts(given), sending)
    given.done()
    sending.template = wanted
    return {"name": wanted.name, "language": wanted.language, "category": wanted.category.lower(), **filled}


def _wanted(given: Parameters, sending: Sending) -> Template:
    name = given.text("name")
    language = given.inner("language")
    code = language.text("code")
    language.choice("policy", "deterministic", default="deterministic")
    found = sending.world.store.template(sending.waba.id, name, code)
    if found is None:
        raise _not_there(name, code, "does not exist")
    return found


def _check_state(wanted: Template) -> None:
    match wanted.status:
        case "PAUSED":
            raise messaging_error(132015, "Template is paused due to low quality, so it cannot be sent.")
        case "DISABLED":
            raise messaging_error(132016, "Template was paused too many times due to low quality and is now disabled.")
        case status if status not in _SENDABLE:
            raise _not_there(wanted.name, wanted.language, "is not approved")


def _check_recipient(wanted: Template, sending: Sending) -> None:
    """Codes that are tapped or copied need a phone number (Meta: business-scoped user IDs)."""
    buttons = template_parts.buttons_of(wanted.components)
    if sending.recipient.only_by_user_id and any(template_parts.name_of(b, "type") == "OTP" for b in buttons):
        raise messaging_error(131062, _BSUID_REFUSAL)


def _not_there(name: str, language: str, why: str) -> GraphError:
    return messaging_error(132001, f"template name ({name}) {why} in {language}", http=404)


def _parts(given: Parameters) -> dict[str, list[Parameters]]:
    """The given components by type; only buttons may come several times."""
    parts: dict[str, list[Parameters]] = {type_: [] for type_ in _COMPONENTS}
    for part in given.maybe_items("components"):
        type_ = part.choice("type", *_COMPONENTS)
        if parts[type_] and type_ != "button":
            raise template_issue(f"{type_}: the component is given more than once")
        parts[type_].append(part)
    return parts


def _filled(wanted: Template, parts: dict[str, list[Parameters]], sending: Sending) -> Content:
    components = wanted.components
    filling = template_texts.Filling(wanted)
    offer = template_parts.has_expiration(components)
    content: Content = {
        "header": template_headers.fill(components, _only(parts["header"]), filling, sending),
        "body": filling.body(components, _only(parts["body"]), BODY_LIMIT if offer is None else OFFER_BODY_LIMIT),
        "footer": template_parts.text_of(components, "FOOTER"),
        "limited_time_offer": _offer(components, _only(parts["limited_time_offer"])),
        "buttons": template_buttons.fill(components, parts["button"], filling),
        "cards": template_cards.fill(components, _only(parts["carousel"]), filling, sending),
    }
    return {key: value for key, value in content.items() if value}


def _only(parts: list[Parameters]) -> Parameters | None:
    return parts[0] if parts else None


def _offer(components: list[Component], given: Parameters | None) -> dict[str, Any] | None:
    expires = template_parts.has_expiration(components)
    if given is None:
        if expires:
            raise messaging_error(131008, "limited_time_offer: the expiration time is required")
        return None
    if not expires:
        raise template_issue("limited_time_offer: Template has no offer that expires, no parameters allowed")
    for parameter in given.items("parameters", 1):
        parameter.choice("type", "limited_time_offer")
        offer = parameter.inner("limited_time_offer")
        return {"expiration_time_ms": offer.whole("expiration_time_ms", 1, 2**53)}
    return None
