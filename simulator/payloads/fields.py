"""Every webhook field that Meta is known to send, and the struct that its `value` is built from.

Read by the control API, which takes the structs as they are, and by the conformance tests. The field `messages` is not
here: its messages and statuses belong to chats, and `control/webhooks.py` sends them there.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from simulator.payloads.accounts import (
    AccountAlert,
    AccountReview,
    AccountUpdate,
    BusinessCapability,
    PartnerSolution,
    PaymentConfiguration,
)
from simulator.payloads.calls import CallUpdate
from simulator.payloads.coexistence import AppStateSync, History, MessageEchoes
from simulator.payloads.flows import FlowUpdate
from simulator.payloads.groups import Lifecycle, Participants, SettingsChanged, StatusOfGroup
from simulator.payloads.numbers import BusinessUsername, NumberName, NumberQuality, NumberSettings, Security
from simulator.payloads.people import AutomaticEvent, UserPreference
from simulator.payloads.templates import TemplateCategory, TemplateComponents, TemplateQuality, TemplateStatus

MESSAGES: Final = "messages"

# A struct, or a union of them that differ in their tag.
FIELDS: Final[MappingProxyType[str, Any]] = MappingProxyType(
    {
        "account_alerts": AccountAlert,
        "account_review_update": AccountReview,
        "account_settings_update": NumberSettings,
        "account_update": AccountUpdate,
        "automatic_events": AutomaticEvent,
        "business_capability_update": BusinessCapability,
        "business_username_update": BusinessUsername,
        "calls": CallUpdate,
        "flows": FlowUpdate,
        "group_lifecycle_update": Lifecycle,
        "group_participants_update": Participants,
        "group_settings_update": SettingsChanged,
        "group_status_update": StatusOfGroup,
        "history": History,
        "message_template_components_update": TemplateComponents,
        "message_template_quality_update": TemplateQuality,
        "message_template_status_update": TemplateStatus,
        "partner_solutions": PartnerSolution,
        "payment_configuration_update": PaymentConfiguration,
        "phone_number_name_update": NumberName,
        "phone_number_quality_update": NumberQuality,
        "security": Security,
        "smb_app_state_sync": AppStateSync,
        "smb_message_echoes": MessageEchoes,
        "template_category_update": TemplateCategory,
        "user_preferences": UserPreference,
    }
)

# Named in Meta's dashboards, without a payload that is known; they can be told as they are (`/_sim/webhooks/raw`).
WITHOUT_PAYLOAD: Final = (
    "business_status_update",
    "message_echoes",
    "messaging_handovers",
    "standby",
    "template_correct_category_detection",
    "tracking_events",
)
