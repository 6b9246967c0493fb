"""WhatsApp Business accounts: the account itself and the apps that get its webhooks (Meta: WABA reference).

Called by the router.
"""

from __future__ import annotations

import msgspec

from simulator.graph.calls import Call, Json
from simulator.graph.fields import select
from simulator.state import App, Waba

_TYPE = "WhatsAppBusinessAccount"
_DEFAULT = ("id", "name", "timezone_id", "message_template_namespace")


def show(call: Call) -> Json:
    return select(_node(call.require_waba()), _DEFAULT, call.query.get("fields"), _TYPE)


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


def _node(waba: Waba) -> Json:
    return {
        "id": waba.id,
        "name": waba.name,
        "timezone_id": "1",
        "message_template_namespace": f"simulated_{waba.id}",
        "currency": "USD",
        "country": "US",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "ownership_type": "SELF",
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [
                {"entity_type": "WABA", "id": waba.id, "can_send_message": "AVAILABLE"},
                {"entity_type": "BUSINESS", "id": waba.business_id, "can_send_message": "AVAILABLE"},
            ],
        },
    }
