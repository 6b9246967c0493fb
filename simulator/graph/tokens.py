"""Access tokens: finding the caller's, what it may do, and `GET /debug_token` (Meta: access token debugging).

Called by the router. A token belongs to an app and reaches the accounts that it was made for; `app_id|secret`
is the app's own token and reaches none.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from simulator.graph import errors
from simulator.graph.calls import Call, Json
from simulator.graph.errors import GraphError
from simulator.state import MANAGEMENT, MESSAGING, Store, Token

_SCHEMES = ("bearer", "oauth")
_OF_MESSAGING = ("messages", "marketing_messages", "media")

_EXPIRED = 463
_INVALIDATED = {
    458: "The user has not authorized application {app_id}.",
    459: "You cannot access the app till you log in to www.facebook.com and follow the instructions given.",
    460: "The session has been invalidated because the user changed their password or Facebook has changed the session "
    "for security reasons.",
    464: "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: "The session is invalid because the user logged out.",
}


def from_request(store: Store, authorization: str | None, query_token: str | None, at: float) -> Token:
    """The caller's token.

    Raises:
        GraphError: 104 when there is none, 190 when it is not known, has expired or was revoked.
    """
    text = _presented(authorization) or query_token
    if not text:
        raise errors.token_missing()
    token = store.tokens.get(text) or _app_token(store, text)
    if token is None:
        raise errors.token_invalid()
    if (problem := _problem(token, at)) is not None:
        raise problem
    return token


def check_proof(store: Store, token: Token, proof: str | None) -> None:
    """Meta: securing Graph API requests. The app's own token holds the secret and needs no proof.

    Raises:
        GraphError: 100 when the proof is wrong, or when there is none and the token's app requires it.
    """
    app = store.apps.get(token.app_id)
    if app is None or _is_of_app(token) or (proof is None and not app.requires_proof):
        return
    if proof is None:
        raise errors.proof_missing()
    made = hmac.new(app.app_secret.encode(), token.id.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made.encode(), proof.encode("utf-8", "replace")):
        raise errors.proof_wrong()


def require_scope(token: Token, edge: str) -> None:
    """Raises GraphError: 10 when the token has lost messaging, 200 when it has lost management."""
    if edge in _OF_MESSAGING:
        if MESSAGING not in token.scopes:
            raise GraphError("(#10) Application does not have permission for this action", code=10, http=403)
    elif MANAGEMENT not in token.scopes:
        raise GraphError(f"(#200) Requires {MANAGEMENT} permission to manage the object", code=200, http=403)


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
    is_app = _is_of_app(token)
    problem = _problem(token, call.at)
    description: Json = {
        "app_id": token.app_id,
        "type": "APP" if is_app else "SYSTEM_USER",
        "application": app.name if app else "",
        "is_valid": problem is None,
        "scopes": [] if is_app else token.scopes,
    }
    if problem is not None:
        description["error"] = {"code": 190, "message": problem.message, "subcode": problem.subcode}
    if not is_app:
        description |= {
            "data_access_expires_at": 0,
            "expires_at": 0 if token.expires_at is None else int(token.expires_at),
            "granular_scopes": [{"scope": scope, "target_ids": token.waba_ids} for scope in token.scopes],
            "user_id": f"1000{token.app_id}",
        }
    return description


def _problem(token: Token, at: float) -> GraphError | None:
    if token.revoked_with is not None and token.revoked_with != _EXPIRED:
        reason = _INVALIDATED[token.revoked_with].format(app_id=token.app_id)
        return _session_over(reason, token.revoked_with)
    if token.revoked_with == _EXPIRED:
        return _session_over("Session has expired. The session has been ended by the simulator.", _EXPIRED)
    if token.expires_at is not None and at >= token.expires_at:
        return _session_over(
            f"Session has expired on {_written(token.expires_at)}. The current time is {_written(at)}.", _EXPIRED
        )
    return None


def _session_over(reason: str, subcode: int) -> GraphError:
    return GraphError(f"Error validating access token: {reason}", code=190, http=401, subcode=subcode)


def _written(at: float) -> str:
    return time.strftime("%A, %d-%b-%y %H:%M:%S UTC", time.gmtime(at))


def _presented(authorization: str | None) -> str | None:
    if not authorization:
        return None
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() in _SCHEMES else None


def _is_of_app(token: Token) -> bool:
    return "|" in token.id


def _app_token(store: Store, text: str) -> Token | None:
    app_id, bar, secret = text.partition("|")
    app = store.apps.get(app_id)
    if not bar or app is None or not hmac.compare_digest(app.app_secret.encode(), secret.encode()):
        return None
    return Token(text, app_id)
