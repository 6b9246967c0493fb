"""What Meta tells about business phone numbers: quality, name, PIN, username, settings (Meta: webhook reference)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Maybe, OfNumber, Payload, Scene, Text, Value
from simulator.state import Decision
from simulator.tiers import Tier


class NumberQuality(OfNumber, kw_only=True):
    """`current_limit` and `old_limit` are due to go away at Meta; the first is still in its examples."""

    event: Literal["ONBOARDING", "THROUGHPUT_UPGRADE", "FLAGGED", "UNFLAGGED", "UPGRADE", "DOWNGRADE"]
    current_limit: Maybe[Tier] = UNSET
    old_limit: Maybe[Tier] = UNSET
    max_daily_conversations_per_business: Maybe[Tier] = UNSET


class NumberName(OfNumber, kw_only=True):
    decision: Decision
    requested_verified_name: Text
    rejection_reason: str | None = None


class Security(OfNumber, kw_only=True):
    """`requester` is the id of the business user who asked. PIN_REQUEST_SUCCESS is Meta's own spelling."""

    event: Literal["PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_REQUEST_SUCCESS"]
    requester: Maybe[str] = UNSET


class BusinessUsername(OfNumber, kw_only=True):
    status: Literal["approved", "reserved", "deleted"]
    username: Maybe[Text] = UNSET


class NumberSettings(Value, kw_only=True):
    """`account_settings_update`: the settings of a number have changed, at present those of calling."""

    needs_number: ClassVar[bool] = True
    has_time: ClassVar[bool] = False

    calling: dict[str, Any] = msgspec.field(default_factory=lambda: {"status": "ENABLED"})

    def payload(self, scene: Scene) -> Payload:
        return {
            "messaging_product": "whatsapp",
            "timestamp": str(int(scene.at)),
            "type": "phone_number_settings",
            "phone_number_settings": {"phone_number_id": scene.the_number().id, **self.own()},
        }
