"""Limits of management calls, and the headers that show how much of them is used (Meta: Graph API rate limits).

Called by the router once the token and the account are known. Sends and media have limits of their own.
"""

from __future__ import annotations

from functools import lru_cache

from simulator.graph.calls import Call
from simulator.graph.errors import GraphError
from simulator.limits.calls import Usage
from simulator.state import Waba

Headers = tuple[tuple[str, str], ...]

_NOT_COUNTED = ("messages", "marketing_messages", "media")


def count(call: Call, edge: str, waba: Waba) -> None:
    """Count a management call.

    Raises:
        GraphError: 4 (the app on all accounts) or 80007 (on this one), when there is no room for it in this hour.
    """
    mode = call.world.store.settings.limits.calls
    if edge in _NOT_COUNTED or mode == "off":
        return
    calls, has_number = call.world.call_limits, _has_number(call, waba)
    exceeded = calls.exceeded(call.token.app_id, waba, call.at, has_number=has_number)
    if exceeded is None or mode == "record":
        calls.take(call.token.app_id, waba, call.at, has_number=has_number)
    if exceeded is None:
        return
    error = _app_exceeded() if exceeded == "app" else _account_exceeded()
    if mode == "enforce":
        raise error
    call.world.ledger.append("limit", at=call.at, limit="calls", code=error.code, phone_number_id=None, wa_id=None)


def headers(call: Call, waba: Waba) -> Headers:
    """Percentages of the hour's calls; the other two figures that Meta shows are not simulated and follow them."""
    calls, app_id = call.world.call_limits, call.token.app_id
    app = calls.usage_of_app(app_id, call.at)
    account = calls.usage_of_account(app_id, waba, call.at, has_number=_has_number(call, waba))
    return _written(waba.id, app, account)


@lru_cache(maxsize=1000)
def _written(waba_id: str, app: Usage, account: Usage) -> Headers:
    of_account = f'"type":"whatsapp",{_figures(account)},"estimated_time_to_regain_access":{account.regain_min}'
    return (
        ("X-App-Usage", f"{{{_figures(app)}}}"),
        ("X-Business-Use-Case-Usage", f'{{"{waba_id}":[{{{of_account}}}]}}'),
    )


def _figures(usage: Usage) -> str:
    percent = usage.percent
    return f'"call_count":{percent},"total_cputime":{percent},"total_time":{percent}'


def _has_number(call: Call, waba: Waba) -> bool:
    return call.number is not None or any(number.waba_id == waba.id for number in call.world.store.numbers.values())


def _app_exceeded() -> GraphError:
    return GraphError("(#4) Application request limit reached", code=4, is_transient=True)


def _account_exceeded() -> GraphError:
    return GraphError(
        "(#80007) Rate limit issues",
        code=80007,
        details="The WhatsApp Business Account has reached its rate limit.",
    )
