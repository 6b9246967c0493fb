"""What Meta tells about message templates: status, quality, components, category (Meta: template webhooks)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Instant, Maybe, Text, Value
from simulator.state import Quality

TemplateId = Annotated[int, msgspec.Meta(ge=1)]
Category = Literal["MARKETING", "UTILITY", "AUTHENTICATION"]
StatusEvent = Literal[
    "APPROVED",
    "ARCHIVED",
    "DELETED",
    "DISABLED",
    "FLAGGED",
    "IN_APPEAL",
    "LIMIT_EXCEEDED",
    "LOCKED",
    "PAUSED",
    "PENDING",
    "PENDING_DELETION",
    "REINSTATED",
    "REJECTED",
    "UNARCHIVED",
]
Reason = Literal[
    "ABUSIVE_CONTENT",
    "CATEGORY_NOT_AVAILABLE",
    "INCORRECT_CATEGORY",
    "INVALID_FORMAT",
    "NONE",
    "PROMOTIONAL",
    "SCAM",
    "TAG_CONTENT_MISMATCH",
]


class OfTemplate(Value, kw_only=True):
    """The id is a number here, though Graph answers it as a string."""

    message_template_id: TemplateId
    message_template_name: Text
    message_template_language: Text


class DisableInfo(msgspec.Struct):
    disable_date: Instant | str


class OtherInfo(msgspec.Struct):
    title: Literal["FIRST_PAUSE", "SECOND_PAUSE", "RATE_LIMITING_PAUSE", "UNPAUSE", "DISABLED"]
    description: str


class RejectionInfo(msgspec.Struct):
    reason: str
    recommendation: str


class TemplateStatus(OfTemplate, kw_only=True):
    event: StatusEvent
    reason: Reason | None = "NONE"
    message_template_category: Maybe[Category] = UNSET
    disable_info: Maybe[DisableInfo] = UNSET
    other_info: Maybe[OtherInfo] = UNSET
    rejection_info: Maybe[RejectionInfo] = UNSET


class TemplateQuality(OfTemplate, kw_only=True):
    previous_quality_score: Quality
    new_quality_score: Quality


class ComponentsButton(msgspec.Struct, kw_only=True):
    message_template_button_type: Text
    message_template_button_text: Text
    message_template_button_url: Maybe[str] = UNSET
    message_template_button_phone_number: Maybe[str] = UNSET


class TemplateComponents(OfTemplate, kw_only=True):
    """`message_template_element` is the body; header text, footer and buttons are there when the template has them."""

    message_template_element: Text
    message_template_title: Maybe[str] = UNSET
    message_template_footer: Maybe[str] = UNSET
    message_template_buttons: Maybe[list[ComponentsButton]] = UNSET


class TemplateCategory(OfTemplate, kw_only=True):
    """A day before the change `correct_category` and its time; at the change the previous and the new one."""

    previous_category: Maybe[Category] = UNSET
    new_category: Maybe[Category] = UNSET
    correct_category: Maybe[Category] = UNSET
    category_update_timestamp: Maybe[Instant] = UNSET

    def __post_init__(self) -> None:
        if self.new_category is UNSET and self.correct_category is UNSET:
            raise ValueError("give new_category for a change, or correct_category for one that is announced")
