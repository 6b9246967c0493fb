"""Business phone numbers: `GET /{phone-number-id}` and the list under their account (Meta: phone numbers).

Called by the router. What is answered is the state of the number, its account and its portfolio.
"""

from __future__ import annotations

import base64

from simulator.graph.accounts import health_of_account
from simulator.graph.calls import Call, Json
from simulator.graph.fields import NodeType, select
from simulator.graph.health import Entity, health
from simulator.growth import HIGH_THROUGHPUT_MPS
from simulator.state import Number, Store

_TYPE = NodeType(
    "WhatsAppBusinessPhoneNumber",
    default=(
        "id",
        "display_phone_number",
        "verified_name",
        "quality_rating",
        "status",
        "code_verification_status",
        "platform_type",
        "throughput",
    ),
    empty=frozenset(
        (
            "certificate",
            "conversational_automation",
            "country_code",
            "country_dial_code",
            "eligibility_for_api_business_global_search",
            "is_preverified_number",
            "last_onboarded_time",
            "new_certificate",
            "new_display_name",
            "search_visibility",
            "username",
            "webhook_configuration",
        )
    ),
)
_BLOCKED = ("BANNED", "DISCONNECTED", "DELETED", "UNVERIFIED", "MIGRATED", "PENDING")
_LIMITED = ("FLAGGED", "RESTRICTED", "RATE_LIMITED")


def show(call: Call) -> Json:
    node = _node(call.require_number(), call.world.store)
    return select(node, _TYPE, call.query.get("fields"))


def list_of_account(call: Call) -> Json:
    store = call.world.store
    numbers = store.numbers_of(call.require_waba().id)
    data = [select(_node(number, store), _TYPE, call.query.get("fields")) for number in numbers]
    if not numbers:
        return {"data": []}
    return {"data": data, "paging": {"cursors": {"before": _cursor(numbers[0]), "after": _cursor(numbers[-1])}}}


def _node(number: Number, store: Store) -> Json:
    waba = store.waba_of(number)
    portfolio = store.portfolio_of(waba)
    node: Json = {
        "id": number.id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "quality_rating": number.quality_rating,
        "quality_score": {"score": number.quality_rating},
        "status": number.status,
        "code_verification_status": number.code_verification_status,
        "platform_type": "CLOUD_API",
        "throughput": {"level": "HIGH" if number.throughput_mps >= HIGH_THROUGHPUT_MPS else "STANDARD"},
        "name_status": number.name_status,
        "new_name_status": number.new_name_status,
        "account_mode": number.account_mode,
        "is_official_business_account": number.is_official,
        "is_pin_enabled": True,
        "is_on_biz_app": number.is_on_biz_app,
        "whatsapp_business_manager_messaging_limit": portfolio.messaging_limit,
        "messaging_limit_tier": portfolio.messaging_limit,
        "health_status": health([_health(number), *health_of_account(waba, store)]),
    }
    if number.new_name is not None:
        node["new_display_name"] = number.new_name
    if number.username is not None:
        node["username"] = number.username
    return node


def _health(number: Number) -> Entity:
    if number.status in _BLOCKED:
        return Entity("PHONE_NUMBER", number.id, "BLOCKED", f"The phone number is {number.status}.")
    if number.status in _LIMITED:
        return Entity("PHONE_NUMBER", number.id, "LIMITED", f"The phone number is {number.status}.")
    return Entity("PHONE_NUMBER", number.id)


def _cursor(number: Number) -> str:
    return base64.urlsafe_b64encode(number.id.encode("ascii")).decode("ascii")
