"""Command → Meta's payload. Pure and total: every command renders, and nothing else is looked at."""

from typing import Any

from server.schemas.outbound import SendCommand, SendText


def render(command: SendCommand, *, opaque_id: str) -> dict[str, Any]:
    """The body of POST /{phone_number_id}/messages. `opaque_id` comes back in every status."""
    payload: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": command.to,
        "type": command.type,
        command.type: _text(command),
        "biz_opaque_callback_data": opaque_id,
    }
    if command.reply_to is not None:
        payload["context"] = {"message_id": command.reply_to}
    return payload


def _text(command: SendText) -> dict[str, Any]:
    return {"body": command.text.body, "preview_url": command.text.preview_url}
