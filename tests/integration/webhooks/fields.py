"""One webhook of each field and kind, by its name, with our own ids."""

from dataclasses import dataclass
from typing import Any

from tests.integration.webhooks.payloads import NOON, change, status, text

WABA = "700000000000001"
DISPLAY = "15550100"
TEMPLATE = {
    "message_template_id": 600000000000001,
    "message_template_name": "order_ready",
    "message_template_language": "en",
}
PERSON = {"wa_id": "15550142", "user_id": "US.1111"}
FILE = {"id": "400000000000001", "mime_type": "image/jpeg", "sha256": "c2hh"}
CONTACTS = [{"profile": {"name": "Ada"}, **PERSON}]


@dataclass(frozen=True)
class Sample:
    """A field, its value, and the events that applications are told for it. `of_number`: it has metadata."""

    field: str
    value: dict[str, Any]
    events: tuple[str, ...]
    of_number: bool = True

    def change(self, number: str) -> dict[str, Any]:
        metadata = {"metadata": {"display_phone_number": DISPLAY, "phone_number_id": number}} if self.of_number else {}
        return {"field": self.field, "value": {"messaging_product": "whatsapp", **metadata, **self.value}}


def message(kind: str, content: Any = None, **more: Any) -> dict[str, Any]:
    """One of Ada's."""
    own = {} if content is None else {kind: content}
    return {"from": "15550142", "id": f"wamid.of.{kind}", "timestamp": str(NOON), "type": kind, **own, **more}


def _messages() -> dict[str, Sample]:
    contents: dict[str, Any] = {
        "text": {"body": "Hello"},
        "image": FILE,
        "video": {**FILE, "mime_type": "video/mp4"},
        "audio": {**FILE, "voice": True},
        "document": {**FILE, "filename": "bill.pdf"},
        "sticker": {**FILE, "animated": False},
        "location": {"latitude": 1.5, "longitude": 2.5},
        "contacts": [{"name": {"formatted_name": "Bo"}}],
        "reaction": {"message_id": "wamid.x", "emoji": "👍"},
        "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}},
        "button": {"text": "Yes", "payload": "yes"},
        "order": {"catalog_id": "1", "product_items": []},
        "edit": {"original_message_id": "wamid.x", "message": {"type": "text", "text": {"body": "Hi"}}},
        "revoke": {"original_message_id": "wamid.x"},
        "unsupported": {"type": "poll"},
    }
    found = {
        f"a message of type {kind}": Sample(
            "messages", {"contacts": CONTACTS, "messages": [message(kind, content)]}, ("message.received",)
        )
        for kind, content in contents.items()
    }
    moved = {"body": "Ada changed", "wa_id": "15550147", "type": "user_changed_number"}
    other_id = {"body": "Ada changed", "user_id": "US.2222", "type": "user_changed_user_id"}
    return {
        **found,
        "a person changed number": Sample(
            "messages", {"messages": [message("system", moved)]}, ("message.received", "contact.names_changed")
        ),
        "a person changed user id": Sample(
            "messages",
            {"messages": [message("system", other_id, from_user_id="US.1111")]},
            ("message.received", "contact.names_changed"),
        ),
        "a person wrote stop": Sample(
            "messages",
            {"contacts": CONTACTS, "messages": [text("wamid.of.stop", body="STOP!")]},
            ("message.received", "contact.consent_changed"),
        ),
        "errors without a message": Sample(
            "messages", {"errors": [{"code": 131031, "title": "Locked"}]}, ("number.problem_reported",)
        ),
        "a status of old": Sample("messages", {"statuses": [status("wamid.of.old", "deleted")]}, ("message.noticed",)),
    }


def _of_apps() -> dict[str, Sample]:
    echo = {"from": DISPLAY, "to": "15550142", "id": "wamid.of.echo", "timestamp": str(NOON), "type": "text"}
    past = [
        message("text", {"body": "earlier"}, id="wamid.of.past"),
        {**echo, "id": "wamid.of.past.2", "text": {"body": "ours"}, "history_context": {"status": "READ"}},
    ]
    chunk = {
        "metadata": {"phase": 0, "chunk_order": 1, "progress": 50},
        "threads": [{"id": "15550142", "messages": past}],
    }
    contact = {"full_name": "Ada Example", "first_name": "Ada", "phone_number": "15550142"}
    synced = {"type": "contact", "contact": contact, "action": "add", "metadata": {"timestamp": str(NOON)}}
    preference = {**PERSON, "detail": "…", "category": "marketing_messages", "value": "stop", "timestamp": NOON}
    update = {"wa_id": "15550142", "user_id": {"previous": "US.1111", "current": "US.2222"}, "timestamp": str(NOON)}
    return {
        "an echo of the app": Sample(
            "smb_message_echoes",
            {"contacts": CONTACTS, "message_echoes": [{**echo, "text": {"body": "By hand"}}]},
            ("message.echoed",),
        ),
        "a part of the history": Sample("history", {"history": [chunk]}, ("history.shared",)),
        "no history": Sample("history", {"history": [{"errors": [{"code": 2593109}]}]}, ("history.shared",)),
        "a contact of the app": Sample("smb_app_state_sync", {"state_sync": [synced]}, ("contact.synced",)),
        "a preference": Sample(
            "user_preferences",
            {"contacts": CONTACTS, "user_preferences": [preference]},
            ("contact.preference_stated", "contact.consent_changed"),
        ),
        "a user id": Sample("user_id_update", {"user_id_update": [update]}, ("contact.names_changed",)),
    }


def _of_numbers() -> dict[str, Sample]:
    values: dict[str, tuple[str, dict[str, Any], str]] = {
        "a faster number": (
            "phone_number_quality_update",
            {"event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_10K"},
            "number.quality_changed",
        ),
        "a name": (
            "phone_number_name_update",
            {"decision": "APPROVED", "requested_verified_name": "Corner shop", "rejection_reason": None},
            "number.name_changed",
        ),
        "a username": (
            "business_username_update",
            {"status": "approved", "username": "shop"},
            "number.username_changed",
        ),
        "a PIN": ("security", {"event": "PIN_CHANGED", "requester": "1"}, "number.security_changed"),
    }
    return {
        name: Sample(field, {"display_phone_number": DISPLAY, **value}, (event,), of_number=False)
        for name, (field, value, event) in values.items()
    }


def _of_accounts() -> dict[str, Sample]:
    values: dict[str, tuple[str, dict[str, Any], str]] = {
        "a template's status": (
            "message_template_status_update",
            {**TEMPLATE, "event": "APPROVED", "reason": "NONE", "message_template_category": "UTILITY"},
            "template.status_changed",
        ),
        "a template's quality": (
            "message_template_quality_update",
            {**TEMPLATE, "previous_quality_score": "GREEN", "new_quality_score": "RED"},
            "template.quality_changed",
        ),
        "a template's category": (
            "template_category_update",
            {**TEMPLATE, "previous_category": "UTILITY", "new_category": "MARKETING"},
            "template.category_changed",
        ),
        "a category to come": (
            "template_category_update",
            {**TEMPLATE, "correct_category": "MARKETING", "category_update_timestamp": NOON},
            "template.category_changed",
        ),
        "a template's text": (
            "message_template_components_update",
            {**TEMPLATE, "message_template_element": "Your order {{1}} is ready."},
            "template.components_changed",
        ),
        "a ban": (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}},
            "account.changed",
        ),
        "a review": ("account_review_update", {"decision": "APPROVED"}, "account.reviewed"),
        "an alert": (
            "account_alerts",
            {"entity_type": "WABA", "entity_id": WABA, "alert_info": {"alert_type": "OBA_APPROVED"}},
            "account.alerted",
        ),
        "limits": (
            "business_capability_update",
            {"max_daily_conversations_per_business": "TIER_2K", "max_phone_numbers_per_business": 20},
            "account.limits_changed",
        ),
        "a business": ("business_status_update", {"event": "RESTRICTED"}, "account.business_changed"),
        "a solution": (
            "partner_solutions",
            {"event": "SOLUTION_CREATED", "solution_id": "1"},
            "account.partner_changed",
        ),
        "payments": (
            "payment_configuration_update",
            {"configuration_name": "x", "status": "Active"},
            "account.payments_changed",
        ),
        "a flow": ("flows", {"event": "FLOW_STATUS_CHANGE", "flow_id": "1", "new_status": "PUBLISHED"}, "flow.changed"),
        **{
            f"the field {field}": (field, {"anything": [1]}, "account.noticed")
            for field in (
                *("tracking_events", "message_echoes", "messaging_handovers", "standby"),
                "template_correct_category_detection",
            )
        },
    }
    return {name: Sample(field, value, (event,), of_number=False) for name, (field, value, event) in values.items()}


def _of_chats() -> dict[str, Sample]:
    call = {"id": "wacid.1", "from": "15550142", "timestamp": str(NOON), "event": "connect"}
    ring = {"id": "wacid.2", "type": "call", "status": "RINGING", "timestamp": str(NOON)}
    lead = {"id": "wamid.1", "event_name": "LeadSubmitted", "timestamp": NOON}
    return {
        "a call": Sample("calls", {"calls": [call]}, ("call.changed",)),
        "a call's status": Sample("calls", {"statuses": [ring]}, ("call.changed",)),
        "a lead": Sample("automatic_events", {"automatic_events": [lead]}, ("lead.detected",)),
        "settings": Sample(
            "account_settings_update",
            {"type": "phone_number_settings", "timestamp": str(NOON), "phone_number_settings": {}},
            ("number.settings_changed",),
        ),
        **{
            f"the field {field}": Sample(
                field, {"groups": [{"type": "x", "group_id": "g", "timestamp": str(NOON)}]}, ("group.changed",)
            )
            for field in (
                *("group_lifecycle_update", "group_participants_update"),
                *("group_settings_update", "group_status_update"),
            )
        },
    }


SAMPLES: dict[str, Sample] = {
    **_messages(),
    **_of_apps(),
    **_of_numbers(),
    **_of_accounts(),
    **_of_chats(),
}


def plain_change(number: str, wamid: str) -> dict[str, Any]:
    """A good event to stand beside others."""
    return change(number, messages=[text(wamid)])
