"""WhatsApp Business accounts: the account itself and the apps that get its webhooks (Meta: WABA reference).

Called by the router.
"""

from __future__ import annotations

import msgspec

from simulator.graph.calls import Call, Json
from simulator.graph.fields import NodeType, select
from simulator.graph.health import Entity, health
from simulator.state import App, Store, Waba

_TYPE = NodeType(
    "WhatsAppBusinessAccount",
    default=("id", "name", "timezone_id", "message_template_namespace"),
    empty=frozenset(
        (
            "disable_marketing_messages_on_cloud_api",
            "is_enabled_for_insights",
            "marketing_messages_lite_api_status",
            "marketing_messages_onboarding_status",
            "on_behalf_of_business_info",
            "primary_business_location",
        )
    ),
)

_STATUS_OF_BAN = {None: "ACTIVE", "SCHEDULE_FOR_DISABLE": "ACTIVE", "DISABLE": "DISABLED"}


def show(call: Call) -> Json:
    return select(_node(call.require_waba(), call.world.store), _TYPE, call.query.get("fields"))


def subscribed_apps(call: Call) -> Json:
    return _subscriptions(call.require_waba(), call.world.store)


def subscribe(call: Call) -> Json:
    """Subscribe the app that the token belongs to."""
    waba = call.require_waba()
    if call.token.app_id not in waba.subscribed_apps:
        _change_apps(call, waba, [*waba.subscribed_apps, call.token.app_id])
    return {"success": True}


def unsubscribe(call: Call) -> Json:
    waba = call.require_waba()
    _change_apps(call, waba, [id_ for id_ in waba.subscribed_apps if id_ != call.token.app_id])
    return {"success": True}


def _change_apps(call: Call, waba: Waba, app_ids: list[str]) -> None:
    call.world.store.put(msgspec.structs.replace(waba, subscribed_apps=app_ids))


def _subscriptions(waba: Waba, store: Store) -> Json:
    return {"data": [_subscription(store.apps[id_]) for id_ in waba.subscribed_apps if id_ in store.apps]}


def _subscription(app: App) -> Json:
    return {
        "whatsapp_business_api_data": {
            "id": app.id,
            "link": f"https://www.facebook.com/games/?app_id={app.id}",
            "name": app.name,
        }
    }


def _node(waba: Waba, store: Store) -> Json:
    portfolio = store.portfolio_of(waba)
    node: Json = {
        "id": waba.id,
        "name": waba.name,
        "timezone_id": waba.timezone_id,
        "message_template_namespace": f"simulated_{waba.id}",
        "currency": waba.currency,
        "country": waba.country,
        "account_review_status": waba.account_review_status,
        "business_verification_status": portfolio.verification_status,
        "ownership_type": "SELF",
        "status": _STATUS_OF_BAN[waba.ban_state],
        "owner_business_info": {"name": portfolio.name, "id": portfolio.id},
        "whatsapp_business_manager_messaging_limit": portfolio.messaging_limit,
        "health_status": health(health_of_account(waba, store)),
        "subscribed_apps": _subscriptions(waba, store),
    }
    if waba.primary_business_location is not None:
        node["primary_business_location"] = waba.primary_business_location
    return node


def health_of_account(waba: Waba, store: Store) -> list[Entity]:
    """The account and its portfolio; a ban blocks the account, a restriction limits it."""
    account = Entity("WABA", waba.id)
    if waba.ban_state == "DISABLE" or waba.account_review_status == "REJECTED":
        account = Entity("WABA", waba.id, "BLOCKED", "The account is disabled for violating a policy.")
    elif waba.ban_state is not None or waba.restrictions:
        types = ", ".join(str(one["restriction_type"]) for one in waba.restrictions) or "SCHEDULE_FOR_DISABLE"
        account = Entity("WABA", waba.id, "LIMITED", f"The account is restricted: {types}.")
    if store.portfolio_of(waba).verification_status == "verified":
        return [account, Entity("BUSINESS", waba.business_id)]
    return [account, Entity("BUSINESS", waba.business_id, "LIMITED", "The business is not verified.")]
