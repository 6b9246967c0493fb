"""The outer form of a webhook: entries, changes, and who reads which field (Meta: webhooks overview)."""

from collections.abc import Callable, Iterator
from typing import Any

from server.schemas.events import WHOLE_BODY, Change, Event, Unreadable, Unrecognised
from server.whatsapp import body
from server.whatsapp.parser import assets, coexistence, notices, people
from server.whatsapp.parser.messages import read_messages
from server.whatsapp.parser.values import ID_MAX, NAME_MAX, Found, get, identifier, listed

Reader = Callable[[Found], Iterator[Event]]

FIELDS: dict[str, Reader] = {
    "messages": read_messages,
    "smb_message_echoes": coexistence.read_echoes,
    "history": coexistence.read_history,
    "smb_app_state_sync": coexistence.read_contacts,
    "user_preferences": people.read_preferences,
    "user_id_update": people.read_user_ids,
    "message_template_status_update": assets.read_template_status,
    "message_template_quality_update": assets.read_template_quality,
    "message_template_components_update": assets.read_template_components,
    "template_category_update": assets.read_template_category,
    "phone_number_quality_update": assets.read_number_quality,
    "phone_number_name_update": assets.read_number_name,
    "business_username_update": assets.read_number_username,
    "account_settings_update": assets.read_number_settings,
    "security": assets.read_number_security,
    "account_update": assets.read_account,
    "account_review_update": assets.read_account_review,
    "account_alerts": assets.read_account_alert,
    "business_capability_update": assets.read_limits,
    "business_status_update": assets.read_business,
    "partner_solutions": assets.read_partner,
    "payment_configuration_update": assets.read_payments,
    "calls": notices.read_calls,
    "flows": notices.read_flows,
    "group_lifecycle_update": notices.read_groups,
    "group_participants_update": notices.read_groups,
    "group_settings_update": notices.read_groups,
    "group_status_update": notices.read_groups,
    "automatic_events": notices.read_automatic,
    "tracking_events": notices.read_other,
    "message_echoes": notices.read_other,
    "messaging_handovers": notices.read_other,
    "standby": notices.read_other,
    "template_correct_category_detection": notices.read_other,
}
"""Every field that Meta's pages and dashboards name."""


def parse(raw: bytes) -> list[Change]:
    """Every change of the body, in order. A body that has none because it is no webhook gives one for WHOLE_BODY."""
    try:
        payload = body.decode(raw)
    except body.NotJson as problem:
        return [Change(WHOLE_BODY, (Unreadable(str(problem)),))]
    entries = listed(payload, "entry")
    if entries is None:
        return [Change(WHOLE_BODY, (Unrecognised("", "the body has no list `entry`"),))]
    found = _changes(entries)
    return [Change(index, tuple(_events(entry, change))) for index, (entry, change) in enumerate(found)]


def fields(raw: bytes) -> list[str]:
    """The fields that a body's changes name, each once, sorted. None where it is no webhook."""
    try:
        entries = listed(body.decode(raw), "entry")
    except body.NotJson:
        return []
    named = (get(change, "field") for _, change in _changes(entries or []))
    return sorted({body.text(name)[:NAME_MAX] for name in named if isinstance(name, str)})


def _changes(entries: list[Any]) -> Iterator[tuple[Any, Any]]:
    """What is not of the form still counts as one change, so that it is seen."""
    for entry in entries:
        changes = listed(entry, "changes")
        for change in [None] if changes is None else changes:
            yield entry, change


def _events(entry: Any, change: Any) -> Iterator[Event]:
    field, value = get(change, "field"), get(change, "value")
    shown = body.text(field)[:NAME_MAX] if isinstance(field, str) else ""
    number = identifier(get(get(value, "metadata"), "phone_number_id"), ID_MAX)
    if not shown or not isinstance(value, dict):
        yield Unrecognised(shown, "the change is not of Meta's form", number)
        return
    found = Found(shown, value, number, get(entry, "id"), get(entry, "time"))
    reader = FIELDS.get(shown)
    if reader is None:
        yield Unrecognised(shown, "the field is not known to this version", number)
    elif number is None and reader in _OF_NUMBERS:
        yield Unrecognised(shown, "the change has no metadata.phone_number_id")
    elif number is None and found.place.account is None:
        yield Unrecognised(shown, "the change names neither a number nor an account")
    else:
        yield from reader(found)


_OF_NUMBERS = (
    read_messages,
    coexistence.read_echoes,
    coexistence.read_history,
    coexistence.read_contacts,
    people.read_preferences,
    people.read_user_ids,
)
"""These speak of chats, which are a number's."""
