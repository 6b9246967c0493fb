"""What a told webhook changes in the simulated world, so that Graph answers agree with it.

Called by `telling.py` right after something was told; `announcements.py` is the other way round. What the simulator
has no state for changes nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from simulator.growth import HIGH_THROUGHPUT_MPS
from simulator.payloads import accounts, groups, numbers, people, templates
from simulator.payloads.parts import Scene, Value
from simulator.state import (
    Decision,
    Gone,
    NameStatus,
    Number,
    Portfolio,
    Store,
    Template,
    TemplateStatus,
    Waba,
)
from simulator.tiers import LIMIT_OF_TIER, Tier

_NAME_STATUS: Final[dict[Decision, NameStatus]] = {
    "APPROVED": "APPROVED",
    "REJECTED": "DECLINED",
    "DEFERRED": "PENDING_REVIEW",
    "PENDING": "PENDING_REVIEW",
}

# Events that leave a template with another status than their own name, or with the one it had (None).
_STATUS_OF_EVENT: Final[dict[str, TemplateStatus | None]] = {
    "FLAGGED": None,
    "LOCKED": None,
    "REINSTATED": "APPROVED",
    "UNARCHIVED": "APPROVED",
}


def apply(value: Value, scene: Scene, store: Store) -> None:
    """Change the records that the value is about."""
    if scene.number is not None:
        _apply_to_number(value, scene.number, store)
    match value:
        case templates.OfTemplate():
            _apply_to_template(value, store)
        case groups.GroupEvent():
            _apply_to_group(value, store)
        case accounts.AccountEvent():
            _apply_to_account(value, scene.waba, store)
        case accounts.AccountReview():
            store.put(replace(scene.waba, account_review_status=value.decision))
        case accounts.BusinessCapability() | numbers.NumberQuality():
            _limit(value.max_daily_conversations_per_business, store.portfolio_of(scene.waba), store)
        case _:
            return


def _apply_to_number(value: Value, number: Number, store: Store) -> None:
    match value:
        case numbers.NumberQuality():
            store.put(_with_quality(value, number))
        case numbers.NumberName(decision="APPROVED"):
            name = value.requested_verified_name
            store.put(
                replace(number, verified_name=name, name_status="APPROVED", new_name=None, new_name_status="NONE")
            )
        case numbers.NumberName():
            status = _NAME_STATUS[value.decision]
            store.put(replace(number, new_name=value.requested_verified_name, new_name_status=status))
        case numbers.BusinessUsername():
            username = value.username if value.status == "approved" and value.username else None
            store.put(replace(number, username=username))
        case people.UserPreference():
            _prefer(value, number, store)
        case _:
            return


def _with_quality(value: numbers.NumberQuality, number: Number) -> Number:
    match value.event:
        case "THROUGHPUT_UPGRADE":
            return replace(number, throughput_mps=max(number.throughput_mps, HIGH_THROUGHPUT_MPS))
        case "FLAGGED":
            return replace(number, quality_rating="RED", status="FLAGGED")
        case "UNFLAGGED":
            return replace(number, quality_rating="GREEN", status="CONNECTED")
        case _:
            return number


def _apply_to_account(value: accounts.AccountEvent, waba: Waba, store: Store) -> None:
    match value:
        case accounts.AccountRestriction():
            restrictions = [msgspec.to_builtins(restriction) for restriction in value.restriction_info]
            store.put(replace(waba, restrictions=restrictions))
        case accounts.AccountDisabled():
            state = value.ban_info.waba_ban_state
            store.put(replace(waba, ban_state=None if state == "REINSTATE" else state))
        case accounts.PrimaryLocation():
            store.put(replace(waba, primary_business_location=value.country))
        case accounts.PartnerAppInstalled():
            app_id = value.waba_info.partner_app_id
            if app_id in store.apps and app_id not in waba.subscribed_apps:
                store.put(replace(waba, subscribed_apps=[*waba.subscribed_apps, app_id]))
        case accounts.PartnerAppUninstalled():
            _uninstall(value.waba_info.partner_app_id, waba, store)
        case _:
            return


def _apply_to_template(value: templates.OfTemplate, store: Store) -> None:
    template = store.templates.get(str(value.message_template_id))
    if template is None:
        return
    match value:
        case templates.TemplateStatus():
            status = _STATUS_OF_EVENT.get(value.event, value.event)
            store.put(replace(template, status=status or template.status))
        case templates.TemplateQuality():
            store.put(replace(template, quality=value.new_quality_score))
        case templates.TemplateCategory() if value.new_category and not value.correct_category:
            store.put(replace(template, category=value.new_category))
        case templates.TemplateComponents():
            store.put(replace(template, components=_with_body(template, value.message_template_element)))
        case _:
            return


def _with_body(template: Template, text: str) -> list[dict[str, object]]:
    def is_body(component: dict[str, object]) -> bool:
        return str(component.get("type", "")).upper() == "BODY"

    return [{**one, "text": text} if is_body(one) else one for one in template.components]


def _apply_to_group(value: groups.GroupEvent, store: Store) -> None:
    group = store.groups.get(value.group_id or "")
    if group is None:
        return
    match value:
        case groups.GroupDeleted():
            store.remove(Gone("group", group.id))
        case groups.ParticipantsAdded():
            added = [one.wa_id for one in value.added_participants if one.wa_id and one.wa_id in store.people]
            store.put(replace(group, participants=list(dict.fromkeys([*group.participants, *added]))))
        case groups.ParticipantsRemoved() if value.removed_participants:
            removed = {one.wa_id or one.input for one in value.removed_participants}
            store.put(replace(group, participants=[id_ for id_ in group.participants if id_ not in removed]))
        case groups.SettingsChanged() if value.group_subject and value.group_subject.update_successful:
            store.put(replace(group, subject=value.group_subject.text))
        case _:
            return


def _uninstall(app_id: str, waba: Waba, store: Store) -> None:
    """The app hears of the account no more, and its tokens may not see it (Meta: PARTNER_APP_UNINSTALLED)."""
    store.put(replace(waba, subscribed_apps=[id_ for id_ in waba.subscribed_apps if id_ != app_id]))
    for token in list(store.tokens.values()):
        if token.app_id == app_id and waba.id in token.waba_ids:
            store.put(replace(token, waba_ids=[id_ for id_ in token.waba_ids if id_ != waba.id]))


def _limit(limit: object, portfolio: Portfolio, store: Store) -> None:
    tier = _tier(limit)
    if tier is not None and portfolio.messaging_limit != tier:
        store.put(replace(portfolio, messaging_limit=tier))


def _tier(limit: object) -> Tier | None:
    """The tier of a limit that is given as a tier or as a number of people; None for neither."""
    if isinstance(limit, int):
        people = None if limit < 0 else limit
        return next((tier for tier, size in reversed(LIMIT_OF_TIER.items()) if size == people), None)
    return limit if isinstance(limit, str) else None  # type: ignore[return-value]  # the struct has checked it


def _prefer(value: people.UserPreference, number: Number, store: Store) -> None:
    person = store.people.get(value.wa_id or "")
    if person is None:
        return
    others = [id_ for id_ in person.opted_out if id_ != number.id]
    store.put(replace(person, opted_out=[*others, number.id] if value.value == "stop" else others))
