"""Realistic templates of every kind, to be seeded with one control call; (name, language, body of the control call).

Pure data. The names are those of an invented shop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Sample = tuple[str, str, dict[str, Any]]
Part = Mapping[str, object]

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


def _text(type_: str, text: str, **more: object) -> Part:
    """With an example for each variable, without which Meta reviews no template (Meta: template components)."""
    part: dict[str, object] = {"type": type_, "text": text, **more}
    names = _VARIABLE.findall(text)
    if names:
        part["example"] = _example(f"{type_.lower()}_text", names)
    return part


def _example(key: str, names: list[str]) -> Part:
    if not all(name.isdigit() for name in names):
        return {f"{key}_named_params": [{"param_name": name, "example": f"a {name}"} for name in names]}
    values = [f"value {name}" for name in names]
    return {key: [values] if key == "body_text" else values}


def _media(format_: str) -> Part:
    handle = f"https://shop.example/{format_.lower()}"
    return {"type": "HEADER", "format": format_, "example": {"header_handle": [handle]}}


def _buttons(*buttons: Part) -> Part:
    return {"type": "BUTTONS", "buttons": list(buttons)}


def _of(category: str, *components: Part, **more: object) -> dict[str, Any]:
    return {"category": category, "components": list(components), **more}


def _authentication(otp_type: str, **more: object) -> dict[str, Any]:
    button = {"type": "OTP", "otp_type": otp_type, "text": "Copy code", **more}
    return _of(
        "AUTHENTICATION",
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        _buttons(button),
    )


_ANDROID_APP = {"supported_apps": [{"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}]}
_URL = "https://shop.example/track/{{1}}"
_TRACK = {"type": "URL", "text": "Track parcel", "url": _URL, "example": [_URL.replace("{{1}}", "abc")]}
_STOP = {"type": "QUICK_REPLY", "text": "Stop promotions"}


def _card(format_: str) -> Part:
    return {
        "components": [
            _media(format_),
            _text("BODY", "{{1}}, now for {{2}} at our shop."),
            _buttons({"type": "QUICK_REPLY", "text": "Tell me more"}, {**_TRACK, "text": "Look at it"}),
        ]
    }


_PRODUCT_CARD = {"components": [{"type": "HEADER", "format": "PRODUCT"}, _buttons({"type": "SPM", "text": "View"})]}

SAMPLES: Final[list[Sample]] = [
    (
        "hello_world",
        "en_US",
        _of(
            "UTILITY",
            _text("HEADER", "Hello World", format="TEXT"),
            _text("BODY", "Welcome! This message shows that templates can be sent."),
            _text("FOOTER", "The simulated shop"),
        ),
    ),
    (
        "order_shipped",
        "en_US",
        _of(
            "UTILITY",
            _text("HEADER", "Order {{1}}", format="TEXT"),
            _text("BODY", "Good news, {{1}}! Your parcel leaves us on {{2}} and should arrive soon."),
            _text("FOOTER", "The simulated shop"),
            _buttons({"type": "QUICK_REPLY", "text": "Thanks"}, {"type": "QUICK_REPLY", "text": "Change it"}, _TRACK),
        ),
    ),
    (
        "order_shipped",
        "de",
        _of(
            "UTILITY",
            _text("HEADER", "Bestellung {{1}}", format="TEXT"),
            _text("BODY", "Gute Nachricht, {{1}}! Ihr Paket verlässt uns am {{2}} und kommt bald an."),
            _buttons({"type": "QUICK_REPLY", "text": "Danke"}, {"type": "QUICK_REPLY", "text": "Ändern"}, _TRACK),
        ),
    ),
    (
        "appointment_reminder",
        "en",
        _of(
            "UTILITY",
            _text("BODY", "Hi {{customer_name}}, your appointment is on {{date}} at {{time}}. See you then!"),
            _buttons(
                {"type": "QUICK_REPLY", "text": "Confirm"},
                {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+15550100000"},
            ),
            parameter_format="NAMED",
        ),
    ),
    (
        "receipt",
        "en_US",
        _of(
            "UTILITY",
            _media("DOCUMENT"),
            _text("BODY", "Thank you, {{1}}. Your receipt over {{2}} is attached."),
        ),
    ),
    (
        "courier_arrives",
        "en_US",
        _of(
            "UTILITY",
            {"type": "HEADER", "format": "LOCATION"},
            _text("BODY", "Hello {{1}}, the courier is at the place above and comes to you next."),
        ),
    ),
    ("sign_in_copy_code", "en_US", _authentication("COPY_CODE")),
    ("sign_in_one_tap", "en_US", _authentication("ONE_TAP", autofill_text="Autofill", **_ANDROID_APP)),
    ("sign_in_zero_tap", "en_US", _authentication("ZERO_TAP", zero_tap_terms_accepted=True, **_ANDROID_APP)),
    (
        "autumn_sale",
        "en_US",
        _of(
            "MARKETING",
            _media("IMAGE"),
            _text("BODY", "{{1}}, our autumn sale is on! Everything is {{2}} cheaper."),
            _text("FOOTER", "Tap Stop promotions to opt out"),
            _buttons(_STOP),
        ),
    ),
    (
        "how_it_is_made",
        "en_US",
        _of(
            "MARKETING",
            _media("VIDEO"),
            _text("BODY", "See how we make what you have bought."),
            _buttons(_STOP),
        ),
    ),
    (
        "coupon",
        "en_US",
        _of(
            "MARKETING",
            _text("BODY", "A present for you, {{1}}: use this code until {{2}} is over."),
            _buttons(_STOP, {"type": "COPY_CODE", "example": "AUTUMN25"}),
        ),
    ),
    (
        "limited_offer",
        "en_US",
        _of(
            "MARKETING",
            _media("IMAGE"),
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Ends soon!", "has_expiration": True}},
            _text("BODY", "Good news, {{1}}! Use code {{2}} for a quarter off."),
            _buttons({"type": "COPY_CODE", "example": "QUARTER25"}, {**_TRACK, "text": "Shop now"}),
        ),
    ),
    (
        "new_arrivals",
        "en_US",
        _of(
            "MARKETING",
            _text("BODY", "Look what has arrived, {{1}}!"),
            {"type": "CAROUSEL", "cards": [_card("IMAGE"), _card("IMAGE"), _card("IMAGE")]},
        ),
    ),
    (
        "product_cards",
        "en_US",
        _of(
            "MARKETING",
            _text("BODY", "Chosen for you, {{1}}: have a look at these."),
            {"type": "CAROUSEL", "cards": [_PRODUCT_CARD, _PRODUCT_CARD]},
        ),
    ),
    (
        "our_catalog",
        "en_US",
        _of(
            "MARKETING",
            _text("BODY", "Order right here on WhatsApp, {{1}}."),
            _buttons({"type": "CATALOG", "text": "View catalog"}),
        ),
    ),
    (
        "forgotten_items",
        "en_US",
        _of(
            "MARKETING",
            _text("HEADER", "Forget something, {{1}}?", format="TEXT"),
            _text("BODY", "Your cart is waiting. Code {{1}} takes a tenth off."),
            _buttons({"type": "MPM", "text": "View items"}),
        ),
    ),
    (
        "sign_up",
        "en_US",
        _of(
            "MARKETING",
            _text("BODY", "Tell us what you like, and we show you only that."),
            _buttons({"type": "FLOW", "text": "Begin", "flow_id": "7001", "flow_action": "navigate"}),
        ),
    ),
    (
        "call_us",
        "en_US",
        _of(
            "UTILITY",
            _text("BODY", "We could not deliver your parcel, {{1}}. Please call us."),
            _buttons({"type": "VOICE_CALL", "text": "Call now"}, {"type": "REQUEST_CONTACT_INFO"}),
        ),
    ),
]
