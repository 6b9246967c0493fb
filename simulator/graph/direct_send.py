"""Direct Send: a free-form message with a `category`, for which Meta itself makes a template (Meta: Direct Send, beta).

Called by `messages.py`. Only an account for which it is enabled may use it; such a message needs no open window.
"""

from __future__ import annotations

from simulator.graph.content.sending import Sending
from simulator.graph.errors import invalid, messaging_error
from simulator.graph.parameters import Content, Parameters

# Meta: configure message time-to-live; in seconds, at least and at most.
TTL_S = {"utility": (30, 43_200), "authentication": (30, 900)}

_INTERACTIVE = ("button", "cta_url")


def category_of(request: Parameters, sending: Sending, content: Content) -> str | None:
    """The category that is asked for; None for an ordinary message.

    Raises:
        GraphError: 100, 131062; it is asked for and cannot be had.
    """
    if not request.has("category"):
        if request.has("ttl_seconds"):
            raise invalid("Param ttl_seconds needs a category.")
        return None
    category = request.choice("category", *TTL_S)
    if not sending.waba.direct_send:
        raise invalid("Direct Send is not enabled for this WhatsApp Business Account.")
    if not _is_allowed(content):
        raise invalid("Direct Send supports messages of type text, and interactive ones of type button or cta_url.")
    if category == "authentication" and sending.recipient.only_by_user_id:
        raise messaging_error(131062, "Authentication messages cannot be sent to a business-scoped user ID.")
    if request.has("ttl_seconds"):
        sending.ttl_s = request.whole("ttl_seconds", *TTL_S[category])
    return category


def _is_allowed(content: Content) -> bool:
    return content["type"] == "text" or (
        content["type"] == "interactive" and content["interactive"]["type"] in _INTERACTIVE
    )
