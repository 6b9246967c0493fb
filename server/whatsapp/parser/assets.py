"""What Meta decides about templates, numbers and accounts (Meta: webhook reference of WhatsApp Business management)."""

from collections.abc import Iterator
from typing import Any

from server.domain.messaging_limit import LIMIT_OF_TIER
from server.schemas.events import (
    AccountChanged,
    AccountFact,
    Event,
    Limit,
    NumberChanged,
    NumberFact,
    Place,
    Restriction,
    TemplateChanged,
    TemplateFact,
    Unrecognised,
)
from server.whatsapp import body
from server.whatsapp.parser.values import (
    ID_MAX,
    WORDS_MAX,
    Found,
    get,
    identifier,
    instant,
    is_integer,
    objects,
    word,
    words,
)

FAST_MPS = 1000
"""Meta: throughput page. What a number may send after its upgrade."""
_LIMITS = ("max_daily_conversations_per_business", "current_limit", "max_daily_conversation_per_phone")
_BODY, _HEADER, _FOOTER = "message_template_element", "message_template_title", "message_template_footer"


def read_template_status(found: Found) -> Iterator[Event]:
    status, reason = word(found.value.get("event")), words(found.value.get("reason"))
    category = word(found.value.get("message_template_category"))
    yield _template(found, "status", status, category=category, reason=None if reason == "NONE" else reason)


def read_template_quality(found: Found) -> Iterator[Event]:
    yield _template(found, "quality", word(found.value.get("new_quality_score")))


def read_template_category(found: Found) -> Iterator[Event]:
    """A day before it changes only the correct category is told; then nothing changes yet."""
    yield _template(found, "category", word(found.value.get("new_category")), may_lack_value=True)


def read_template_components(found: Found) -> Iterator[Event]:
    yield _template(found, "components", _components(found.value))


def _template(
    found: Found, fact: TemplateFact, value: str | list[Any] | None, *, may_lack_value: bool = False, **more: Any
) -> Event:
    name = identifier(found.value.get("message_template_name"), WORDS_MAX)
    language = word(found.value.get("message_template_language"))
    if name is None or language is None:
        return Unrecognised(found.field, "the change names no template", found.number)
    if value is None and not may_lack_value:
        return Unrecognised(found.field, f"the change tells no {fact}", found.number)
    meta_id = identifier(found.value.get("message_template_id"), ID_MAX)
    return TemplateChanged(
        **found.told(found.value), fact=fact, name=name, language=language, meta_id=meta_id, value=value, **more
    )


def _components(value: dict[str, Any]) -> list[Any] | None:
    """As Graph answers a template's components; the webhook has them under other names."""
    parts: list[dict[str, Any]] = []
    if isinstance(header := value.get(_HEADER), str):
        parts.append({"type": "HEADER", "format": "TEXT", "text": header})
    if isinstance(text := value.get(_BODY), str):
        parts.append({"type": "BODY", "text": text})
    if isinstance(footer := value.get(_FOOTER), str):
        parts.append({"type": "FOOTER", "text": footer})
    if buttons := [_button(button) for button in objects(value, "message_template_buttons")]:
        parts.append({"type": "BUTTONS", "buttons": buttons})
    stored: list[Any] = body.storable(parts)
    return stored or None


def _button(button: dict[str, Any]) -> dict[str, Any]:
    return {str(name).removeprefix("message_template_button_"): value for name, value in button.items()}


def read_number_quality(found: Found) -> Iterator[Event]:
    event = word(found.value.get("event"))
    yield _number(
        found,
        "quality",
        event,
        throughput_mps=FAST_MPS if event == "THROUGHPUT_UPGRADE" else None,
        quality="RED" if event == "FLAGGED" else None,
        limit=_limit(found.value),
    )


def read_number_name(found: Found) -> Iterator[Event]:
    decision, name = word(found.value.get("decision")), words(found.value.get("requested_verified_name"))
    yield _number(found, "name", decision, verified_name=name if decision == "APPROVED" else None)


def read_number_username(found: Found) -> Iterator[Event]:
    yield _number(found, "username", word(found.value.get("status")))


def read_number_security(found: Found) -> Iterator[Event]:
    yield _number(found, "security", word(found.value.get("event")))


def read_number_settings(found: Found) -> Iterator[Event]:
    """The number is named inside, by Meta's id."""
    settings = get(found.value, "phone_number_settings")
    number = identifier(get(settings, "phone_number_id"), ID_MAX)
    told = found.told(found.value, instant(found.value.get("timestamp")))
    if number is not None:
        told["place"] = Place(number)
    yield NumberChanged(**told, fact="settings", value=words(found.value.get("type")))


def _number(found: Found, fact: NumberFact, value: str | None, **more: Any) -> Event:
    if value is None:
        return Unrecognised(found.field, f"the change tells nothing about the {fact}", found.number)
    return NumberChanged(**found.told(found.value), fact=fact, value=value, **more)


def read_account(found: Found) -> Iterator[Event]:
    """Bans, restrictions, partners coming and going, and much that is only told."""
    restrictions = tuple(
        Restriction(kind, instant(item.get("expiration")))
        for item in objects(found.value, "restriction_info")
        if (kind := word(item.get("restriction_type"))) is not None
    )
    ban_state = word(get(found.value.get("ban_info"), "waba_ban_state"))
    yield _account(found, "state", found.value.get("event"), ban_state=ban_state, restrictions=restrictions)


def read_account_review(found: Found) -> Iterator[Event]:
    yield _account(found, "review", found.value.get("decision"))


def read_account_alert(found: Found) -> Iterator[Event]:
    info = found.value.get("alert_info")
    yield _account(found, "alert", get(info, "alert_type") or found.value.get("alert_type"))


def read_limits(found: Found) -> Iterator[Event]:
    yield _account(found, "limits", None, limit=_limit(found.value))


def read_business(found: Found) -> Iterator[Event]:
    yield _account(found, "business", found.value.get("event"))


def read_partner(found: Found) -> Iterator[Event]:
    yield _account(found, "partner", found.value.get("event"))


def read_payments(found: Found) -> Iterator[Event]:
    yield _account(found, "payments", found.value.get("status"))


def _account(found: Found, fact: AccountFact, value: Any, **more: Any) -> Event:
    return AccountChanged(**found.told(found.value), fact=fact, value=word(value), **more)


def _limit(value: dict[str, Any]) -> Limit | None:
    """A number in Meta's example, a tier in its table; -1 is without limit (Meta: messaging limits page)."""
    for name in _LIMITS:
        told = value.get(name)
        if isinstance(told, str) and told in LIMIT_OF_TIER:
            return Limit(LIMIT_OF_TIER[told])
        if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 10:
            told = int(told)
        if is_integer(told) and told == -1:
            return Limit(None)
        if isinstance(told, int) and is_integer(told) and 0 < told < 2**31:
            return Limit(told)
    return None
