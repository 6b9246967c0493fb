"""The send: one HTTP request to Meta, and what came of it. It never repeats a request."""

from typing import Any

import msgspec

from server.whatsapp.access_token import AccessToken
from server.whatsapp.body import text
from server.whatsapp.errors import Accepted, Ambiguous, Late, NotSent, Outcome, classify
from server.whatsapp.graph import AnswerLost, GraphAnswer, GraphClient, TooLate
from server.whatsapp.graph import NotSent as NothingWritten
from server.whatsapp.renderer import Rendered
from server.whatsapp.usage import Usage, retry_after_s, usages

_PACED = "held_for_quality_assessment"
_LONGEST_ID = 500
"""Meta's have about 60 characters. What an index cannot hold would stop the results of all other sends."""


class Tried(msgspec.Struct, frozen=True):
    """The outcome of one try, with what the attempt's row keeps of the answer."""

    outcome: Outcome
    http_status: int | None = None
    latency_s: float | None = None
    fbtrace_id: str | None = None
    usages: tuple[Usage, ...] = ()


class OutboundClient:
    """Sends what was rendered."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def send(self, *, phone_number_id: str, token: AccessToken, request: Rendered, begin_by: float) -> Tried:
        """One try, not begun after `begin_by` (seconds of `core.clock.boottime`). Raises nothing but CancelledError."""
        path = f"{phone_number_id}/{request.edge}"
        try:
            answer = await self._graph.request("POST", path, token=token, json_body=request.payload, begin_by=begin_by)
        except TooLate as failure:
            return Tried(Late(str(failure)))
        except NothingWritten as failure:
            return Tried(NotSent(str(failure)))
        except AnswerLost as failure:
            return Tried(Ambiguous(f"no whole answer: {failure}"))
        trace = text(answer.headers.get("x-fb-trace-id", "")) or None
        used = usages(answer.headers)
        if answer.error is not None:
            outcome = classify(answer.error, http_status=answer.status, told_s=retry_after_s(answer.headers))
            return Tried(outcome, answer.status, answer.latency_s, answer.error.fbtrace_id or trace, used)
        return Tried(_accepted(answer), answer.status, answer.latency_s, trace, used)


def _accepted(answer: GraphAnswer) -> Outcome:
    body = answer.body or {}
    try:
        message = body["messages"][0]
        wamid = message["id"]
    except (KeyError, IndexError, TypeError):
        wamid = None
    if not isinstance(wamid, str) or not 0 < len(wamid) <= _LONGEST_ID:
        return Ambiguous("HTTP 200 without a message id")
    return Accepted(wamid, _wa_id(body), paced=message.get("message_status") == _PACED)


def _wa_id(body: dict[str, Any]) -> str | None:
    try:
        wa_id = body["contacts"][0].get("wa_id")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    return wa_id if isinstance(wa_id, str) and 0 < len(wa_id) <= _LONGEST_ID else None
