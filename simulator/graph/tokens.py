"""Access tokens: finding the caller's, and `GET /debug_token` (Meta: access token debugging).

Called by the router. A token belongs to an app and reaches the accounts that it was made for; `app_id|secret`
is the app's own token and reaches none.
"""

from __future__ import annotations

import hmac

from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.state import Store, Token

_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")
_SCHEMES = ("bearer", "oauth")


def from_request(store: Store, authorization: str | None, query_token: str | None) -> Token:
    """The caller's token.

    Raises:
        GraphError: 104 when there is none, 190 when it is not known.
    """
    text = _presented(authorization) or query_token
    if not text:
        raise errors.token_missing()
    token = store.tokens.get(text) or _app_token(store, text)
    if token is None:
        raise errors.token_invalid()
    return token


def debug(call: Call) -> Json:
    wanted = call.query.get("input_token")
    if not wanted:
        raise errors.parameter_required("input_token")
    store = call.world.store
    token = store.tokens.get(wanted) or _app_token(store, wanted)
    if token is None:
        reason = errors.token_invalid()
        return {"data": {"error": {"code": 190, "message": reason.message}, "is_valid": False, "scopes": []}}
    if token.app_id != call.token.app_id:
        raise errors.parameter_wrong(
            "You must provide an app access token, or a user access token that is an owner or developer of the app"
        )
    return {"data": _description(call, token)}


def _description(call: Call, token: Token) -> Json:
    app = call.world.store.apps.get(token.app_id)
    is_app = "|" in token.id
    description: Json = {
        "app_id": token.app_id,
        "type": "APP" if is_app else "SYSTEM_USER",
        "application": app.name if app else "",
        "is_valid": True,
        "scopes": [] if is_app else list(_SCOPES),
    }
    if not is_app:
        description |= {
            "data_access_expires_at": 0,
            "expires_at": 0,
            "granular_scopes": [{"scope": scope, "target_ids": token.waba_ids} for scope in _SCOPES],
            "user_id": f"1000{token.app_id}",
        }
    return description


def _presented(authorization: str | None) -> str | None:
    if not authorization:
        return None
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() in _SCHEMES else None


def _app_token(store: Store, text: str) -> Token | None:
    app_id, bar, secret = text.partition("|")
    app = store.apps.get(app_id)
    if not bar or app is None or not hmac.compare_digest(app.app_secret.encode(), secret.encode()):
        return None
    return Token(text, app_id)
