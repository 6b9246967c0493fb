"""Business phone numbers: `GET /{phone-number-id}` and the list under their account (Meta: phone numbers).

Called by the router. Only what the simulator knows is answered; everything else about a number is a constant.
"""

from __future__ import annotations

import base64

from simulator.graph.calls import Call, Json
from simulator.graph.fields import select
from simulator.state import Number

_TYPE = "WhatsAppBusinessPhoneNumber"
_DEFAULT = (
    "id",
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "status",
    "code_verification_status",
    "platform_type",
    "throughput",
)
_HIGH_THROUGHPUT_MPS = 1000


def show(call: Call) -> Json:
    return select(_node(call.require_number()), _DEFAULT, call.query.get("fields"), _TYPE)


def list_of_account(call: Call) -> Json:
    waba = call.require_waba()
    numbers = [number for number in call.world.store.numbers.values() if number.waba_id == waba.id]
    data = [select(_node(number), _DEFAULT, call.query.get("fields"), _TYPE) for number in numbers]
    if not numbers:
        return {"data": []}
    return {"data": data, "paging": {"cursors": {"before": _cursor(numbers[0]), "after": _cursor(numbers[-1])}}}


def _node(number: Number) -> Json:
    level = "HIGH" if number.throughput_mps >= _HIGH_THROUGHPUT_MPS else "STANDARD"
    return {
        "id": number.id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "quality_rating": "GREEN",
        "status": "CONNECTED",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": level},
        "name_status": "APPROVED",
        "account_mode": "LIVE",
        "is_official_business_account": False,
        "is_pin_enabled": True,
        "is_on_biz_app": False,
        "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [
                {"entity_type": "PHONE_NUMBER", "id": number.id, "can_send_message": "AVAILABLE"},
                {"entity_type": "WABA", "id": number.waba_id, "can_send_message": "AVAILABLE"},
            ],
        },
    }


def _cursor(number: Number) -> str:
    return base64.urlsafe_b64encode(number.id.encode("ascii")).decode("ascii")
