"""WhatsApp Business accounts: the account itself and the apps that get its webhooks (Meta: WABA reference).

Called by the router.
"""

from __future__ import annotations

import msgspec

from simulator.graph.calls import Call, Json
from simulator.graph.fields import select
from simulator.graph.health import Entity, health
from simulator.state import App, Store, Waba

_TYPE = "WhatsAppBusinessAccount"
_DEFAULT = ("id", "name", "timezone_id", "message_template_namespace")

_STATUS_OF_BAN = {None: "ACTIVE", "SCHEDULE_FOR_DISABLE": "ACTIVE", "DISABLE": "DISABLED"}


def show(call: Call) -> Json:
    return select(_node(call.require_waba(), call.world.store), _DEFAULT, call.query.get("fields"), _TYPE)


def subscribed_apps(call: Call) -> Json:
    apps = call.world.store.apps
    return {"data": [_subscription(apps[id_]) for id_ in call.require_waba().subscribed_apps if id_ in apps]}


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
