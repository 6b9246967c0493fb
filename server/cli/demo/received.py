"""What people sent, by kind: how the demo calls the messages that the API shows as received. Pure."""

from collections.abc import Mapping
from typing import Any

_NAMES = {
    "audio": "voice message",
    "button": "quick reply",
    "button_reply": "button",
    "call_permission_reply": "call permission",
    "list_reply": "choice from a list",
    "nfm_reply": "completed flow",
    "revoke": "deletion",
    "unsupported": "unsupported (poll)",
}


def kind_of(message: Mapping[str, Any]) -> str:
    """`message` as the API shows it. What has no better name has Meta's."""
    content = message["content"]
    kind = str(content.get("type", "interactive") if message["type"] == "interactive" else message["type"])
    return _text(message) if kind == "text" else _NAMES.get(kind, kind)


def _text(message: Mapping[str, Any]) -> str:
    content = message["content"]
    if "group_id" in content:
        return "group message"
    if "referred_product" in content.get("context", {}):
        return "question on a product"
    return "text" if message["reply_to"] is None else "text in reply"
