"""Webhook bodies in Meta's form, with our own ids."""

import json
from datetime import UTC, datetime
from typing import Any

NOON = int(datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp())
"""Seconds; the tests' moments are counted from here."""


def text(wamid: str, *, sender: str = "15550142", at: int = 0, body: str = "hello", **more: Any) -> dict[str, Any]:
    return {
        "from": sender,
        "id": wamid,
        "timestamp": str(NOON + at),
        "type": "text",
        "text": {"body": body},
        **more,
    }


def status(wamid: str, name: str, *, at: int = 0, opaque: str | None = None, code: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"id": wamid, "status": name, "timestamp": str(NOON + at), "recipient_id": "15550142"}
    if opaque is not None:
        found["biz_opaque_callback_data"] = opaque
    if name == "failed":
        found["errors"] = [{"code": code or 131026, "title": "Undeliverable", "error_data": {"details": "no such"}}]
    elif name == "sent":
        found["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "utility"}
    return found


def change(
    number: str,
    *,
    messages: list[dict[str, Any]] | None = None,
    statuses: list[dict[str, Any]] | None = None,
    contacts: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100", "phone_number_id": number},
    }
    items = {"contacts": contacts, "messages": messages, "statuses": statuses}
    value |= {name: found for name, found in items.items() if found is not None}
    return {"field": "messages", "value": value}


def body(*changes: dict[str, Any]) -> bytes:
    """As Meta writes it: no spaces, non-ASCII and slashes escaped."""
    entry = {"id": "700000000000001", "changes": list(changes)}
    payload = {"object": "whatsapp_business_account", "entry": [entry]}
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()
