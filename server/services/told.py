"""What applications are told of Meta's words that have no message: the type of each event, its subject and its data.

Pure; the effects append what it makes to the feed. `content` is Meta's own object, so that nothing is lost on the way.
"""

from typing import Any
from uuid import UUID

from server.repositories.assets import TemplateKey
from server.repositories.events import NewEvent
from server.schemas.events import (
    AccountChanged,
    ContactSynced,
    HistoryShared,
    Noticed,
    NumberChanged,
    PreferenceStated,
    TemplateChanged,
    Told,
    UserIdChanged,
)
from server.services.assets import Routed, template_key
from server.services.inbound import contact_data

OF_TEMPLATES = {
    "status": "template.status_changed",
    "quality": "template.quality_changed",
    "category": "template.category_changed",
    "components": "template.components_changed",
}
OF_NUMBERS = {
    "quality": "number.quality_changed",
    "name": "number.name_changed",
    "username": "number.username_changed",
    "settings": "number.settings_changed",
    "security": "number.security_changed",
    "problem": "number.problem_reported",
}
OF_ACCOUNTS = {
    "state": "account.changed",
    "review": "account.reviewed",
    "limits": "account.limits_changed",
    "alert": "account.alerted",
    "partner": "account.partner_changed",
    "payments": "account.payments_changed",
    "business": "account.business_changed",
}
OF_NOTICES = {
    "call": "call.changed",
    "flow": "flow.changed",
    "group": "group.changed",
    "lead": "lead.detected",
    "status": "message.noticed",
}
OTHER = "account.noticed"
"""For fields that Meta does not describe."""


def event(item: Routed, templates: dict[TemplateKey, UUID], contact_id: UUID | None) -> NewEvent:
    """The event of one word of Meta's. `contact_id`: the person that it is about, if it is about one."""
    target, told = item.target, item.told
    kind, subject_id, more = _kind(item, templates, contact_id)
    about = {"waba_id": target.account.meta_id, "phone_number_id": target.number_id, "at": item.at}
    return NewEvent(target.workspace_id, kind, subject_id, {**about, **more, "content": told.content})


def _kind(
    item: Routed, templates: dict[TemplateKey, UUID], contact_id: UUID | None
) -> tuple[str, UUID, dict[str, Any]]:
    """Type, subject, and what is told besides."""
    told, subject_id = item.told, item.target.subject_id
    match told:
        case TemplateChanged():
            template_id = templates[template_key(item.target, told)]
            named: dict[str, Any] = {"template_id": template_id, "name": told.name, "language": told.language}
            return OF_TEMPLATES[told.fact], template_id, {**named, told.fact: told.value, "reason": told.reason}
        case NumberChanged():
            return OF_NUMBERS[told.fact], subject_id, {"value": told.value}
        case AccountChanged():
            return OF_ACCOUNTS[told.fact], subject_id, {"value": told.value}
        case Noticed():
            return OF_NOTICES.get(told.about, OTHER), subject_id, {"value": told.value, "subject": told.subject}
        case HistoryShared():
            return "history.shared", subject_id, {"messages": told.messages}
        case _:
            return _of_person(told, contact_id or subject_id)


def _of_person(told: Told, contact_id: UUID) -> tuple[str, UUID, dict[str, Any]]:
    more: dict[str, Any]
    match told:
        case PreferenceStated():
            kind, more = "contact.preference_stated", {"category": told.category, "value": told.value}
            person = told.person
        case UserIdChanged():
            kind, more, person = "contact.names_changed", {"previous_bsuid": told.person.bsuid}, told.became
        case ContactSynced():
            kind, more, person = "contact.synced", {"action": told.action}, told.person
        case _:
            raise TypeError(f"nobody tells of {type(told).__name__}")
    return kind, contact_id, {"contact": contact_data(contact_id, person), **more}
