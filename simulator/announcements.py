"""What Meta tells about a changed number, account or portfolio: the webhooks that follow from a change of state.

Called by the control API and whoever else changes these records; `consequences.py` is the other way round. Pure: it
compares two records and says what is to be told. Sources: Meta's webhook reference for each field.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import UNSET

from simulator.growth import HIGH_THROUGHPUT_MPS
from simulator.payloads.accounts import (
    AccountAlert,
    AccountDisabled,
    AccountRestriction,
    AccountReview,
    AlertInfo,
    BanInfo,
    BusinessCapability,
    PrimaryLocation,
    Restriction,
    tier_size,
)
from simulator.payloads.numbers import BusinessUsername, NumberName, NumberQuality
from simulator.payloads.parts import Value
from simulator.payloads.templates import (
    ComponentsButton,
    TemplateCategory,
    TemplateComponents,
    TemplateQuality,
    TemplateStatus,
)
from simulator.state import Decision, NameStatus, Number, Portfolio, Template, Waba
from simulator.template_parts import buttons_of, name_of, text_of

Announcement = tuple[str, Value]
"""A field, and what is told under it."""

_SMALLEST_LIMIT = "TIER_250"
_NUMBERS_OF_SMALL_PORTFOLIO = 2
_NUMBERS_OF_ACCOUNT = 25
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
_DECISIONS: Final[dict[NameStatus, Decision]] = {
    "APPROVED": "APPROVED",
    "AVAILABLE_WITHOUT_REVIEW": "APPROVED",
    "DECLINED": "REJECTED",
    "EXPIRED": "DEFERRED",
    "PENDING_REVIEW": "PENDING",
}


def of_number(old: Number, new: Number, portfolio: Portfolio) -> Iterator[Announcement]:
    limit = portfolio.messaging_limit
    if old.throughput_mps < HIGH_THROUGHPUT_MPS <= new.throughput_mps:
        upgrade = NumberQuality(
            event="THROUGHPUT_UPGRADE", current_limit="TIER_UNLIMITED", max_daily_conversations_per_business=limit
        )
        yield "phone_number_quality_update", upgrade
    if (old.quality_rating == "RED") is not (new.quality_rating == "RED"):
        event: Final = "FLAGGED" if new.quality_rating == "RED" else "UNFLAGGED"
        yield "phone_number_quality_update", NumberQuality(event=event, current_limit=limit)
    yield from _of_names(old, new)
    if new.is_official and not old.is_official:
        yield "account_alerts", _official(new)


def of_account(old: Waba, new: Waba, now: float) -> Iterator[Announcement]:
    if old.account_review_status != new.account_review_status:
        yield "account_review_update", AccountReview(decision=new.account_review_status)
    if old.ban_state != new.ban_state:
        info = BanInfo(waba_ban_state=new.ban_state or "REINSTATE", waba_ban_date=written_date(now))
        yield "account_update", AccountDisabled(ban_info=info)
    if new.restrictions and old.restrictions != new.restrictions:
        restrictions = msgspec.convert(new.restrictions, list[Restriction])
        yield "account_update", AccountRestriction(restriction_info=restrictions)
    if new.primary_business_location and old.primary_business_location != new.primary_business_location:
        yield "account_update", PrimaryLocation(country=new.primary_business_location)


def of_portfolio(old: Portfolio, new: Portfolio) -> Iterator[Announcement]:
    """To be told to every account of the portfolio."""
    if old.messaging_limit != new.messaging_limit:
        small = new.messaging_limit == _SMALLEST_LIMIT
        capability = BusinessCapability(
            max_daily_conversations_per_business=tier_size(new.messaging_limit),
            max_phone_numbers_per_business=_NUMBERS_OF_SMALL_PORTFOLIO if small else UNSET,
            max_phone_numbers_per_waba=UNSET if small else _NUMBERS_OF_ACCOUNT,
        )
        yield "business_capability_update", capability


def of_template(old: Template, new: Template) -> Iterator[Announcement]:
    id_, name, language = int(new.id), new.name, new.language
    if old.status != new.status:
        yield (
            "message_template_status_update",
            TemplateStatus(
                message_template_id=id_,
                message_template_name=name,
                message_template_language=language,
                event=new.status,
                reason="INVALID_FORMAT" if new.status == "REJECTED" else "NONE",
                message_template_category=new.category,
            ),
        )
    if old.quality != new.quality:
        yield (
            "message_template_quality_update",
            TemplateQuality(
                message_template_id=id_,
                message_template_name=name,
                message_template_language=language,
                previous_quality_score=old.quality,
                new_quality_score=new.quality,
            ),
        )
    if old.category != new.category:
        yield (
            "template_category_update",
            TemplateCategory(
                message_template_id=id_,
                message_template_name=name,
                message_template_language=language,
                previous_category=old.category,
                new_category=new.category,
            ),
        )
    if old.components != new.components:
        yield "message_template_components_update", _components(new)


def written_date(at: float) -> str:
    """As Meta writes the day of a ban: `January 31, 2026`, in whatever language this machine speaks."""
    day = time.gmtime(at)
    return f"{_MONTHS[day.tm_mon - 1]} {day.tm_mday}, {day.tm_year}"


def _of_names(old: Number, new: Number) -> Iterator[Announcement]:
    if old.verified_name != new.verified_name:
        yield "phone_number_name_update", NumberName(decision="APPROVED", requested_verified_name=new.verified_name)
    elif new.new_name and old.new_name_status != new.new_name_status and new.new_name_status in _DECISIONS:
        decision = _DECISIONS[new.new_name_status]
        reason = "UNKNOWN" if decision == "REJECTED" else None
        name = NumberName(decision=decision, requested_verified_name=new.new_name, rejection_reason=reason)
        yield "phone_number_name_update", name
    if old.username != new.username and new.username:
        yield "business_username_update", BusinessUsername(status="approved", username=new.username)
    elif old.username != new.username:
        yield "business_username_update", BusinessUsername(status="deleted")


def _official(number: Number) -> AccountAlert:
    alert = AlertInfo(
        alert_severity="INFORMATIONAL",
        alert_status="NONE",
        alert_type="OBA_APPROVED",
        alert_description="Your account has been approved as an Official Business Account.",
    )
    return AccountAlert(entity_type="PHONE_NUMBER", entity_id=number.id, alert_info=alert)


def _components(template: Template) -> TemplateComponents:
    components = template.components
    buttons = [_button(button) for button in buttons_of(components)]
    return TemplateComponents(
        message_template_id=int(template.id),
        message_template_name=template.name,
        message_template_language=template.language,
        message_template_element=text_of(components, "BODY"),
        message_template_title=text_of(components, "HEADER") or UNSET,
        message_template_footer=text_of(components, "FOOTER") or UNSET,
        message_template_buttons=buttons or UNSET,
    )


def _button(button: dict[str, object]) -> ComponentsButton:
    return ComponentsButton(
        message_template_button_type=name_of(button, "type"),
        message_template_button_text=str(button.get("text", "")),
        message_template_button_url=str(button["url"]) if "url" in button else UNSET,
        message_template_button_phone_number=str(button["phone_number"]) if "phone_number" in button else UNSET,
    )
