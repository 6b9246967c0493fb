"""Every message of Meta's samples can be said as a command, and renders to the same JSON."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from server.schemas.outbound import COMMAND
from server.whatsapp.renderer import render
from tests.conformance.reference import Sample, samples

OPAQUE = "t1.opaque"
RECIPIENT = "+15550100123"
MESSAGE_PATHS = ("/messages", "/marketing_messages")
PLACEHOLDERS = {
    r"\{\{.*Recipient.*\}\}": RECIPIENT,
    r"<?http\(s\)://.*>?": "https://example.com/file",
    r"<HEADER_TYPE>": "text",
    r"<TEMPLATE_NAME>|template-name": "order_ready",
    r"language-and-locale-code": "en_US",
}
"""What the samples leave to their reader, where a command checks the form of it."""
REFUSED = {
    # Recorded to see Meta refuse it.
    "requests/vcr_send_text_handles_error_response_0.json": "neither a phone number",
}
"""Samples that no command can say, and what is answered."""


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner) for inner in value]
    if isinstance(value, str):
        return next((good for form, good in PLACEHOLDERS.items() if re.fullmatch(form, value)), value)
    return value


def messages() -> list[Sample]:
    """Everything that is sent, whoever wrote the sample; receipts and typing are no messages."""
    return [
        sample
        for sample in samples("requests")
        if isinstance(sample.payload, dict)
        and sample.payload.get("messaging_product") == "whatsapp"
        and (sample.path.endswith(MESSAGE_PATHS) or not sample.path)
        and "status" not in sample.payload
    ]


def kind(payload: dict[str, Any]) -> str:
    """Meta's own example of a reply with a list has forgotten its type."""
    return payload.get("type") or next(key for key in ("text", "interactive") if key in payload)


def as_command(payload: dict[str, Any], *, marketing: bool) -> dict[str, Any]:
    """How a customer says it: the content is spelt as Meta's, the envelope is ours."""
    given = {key: value for key, value in payload.items() if key not in ("messaging_product", "recipient")}
    command = {"from": "1", **given, "type": kind(payload), "to": str(given.get("to"))}
    if "context" in command:
        command["reply_to"] = command.pop("context")["message_id"]
    if marketing:
        options = ("product_policy", "message_activity_sharing")
        command["marketing"] = {key: command.pop(key) for key in options if key in command}
    return command


def normal(payload: dict[str, Any]) -> Any:
    """Without the differences that mean nothing: letter case of `type` words, form of the recipient, our defaults."""
    plain = {key: value for key, value in payload.items() if key not in ("to", "biz_opaque_callback_data")}
    plain = {"recipient_type": "individual", **plain, "type": kind(payload)}
    if plain["type"] == "text":
        plain["text"] = {"preview_url": False, **plain["text"]}
    return _with_lower_types(plain)


def _with_lower_types(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_lower_types(inner) for inner in value]
    if isinstance(value, dict):
        plain = {key: _with_lower_types(inner) for key, inner in value.items()}
        return {**plain, "type": plain["type"].lower()} if isinstance(plain.get("type"), str) else plain
    return value


def test_every_message_of_the_samples_is_a_command_and_renders_to_the_same() -> None:
    said = 0
    for sample in messages():
        payload = filled(sample.payload)
        marketing = sample.path.endswith("/marketing_messages")
        command = as_command(payload, marketing=marketing)
        if sample.name in REFUSED:
            with pytest.raises(ValidationError, match=REFUSED[sample.name]):
                COMMAND.validate_python(command)
            continue
        rendered = render(COMMAND.validate_python(command), opaque_id=OPAQUE)
        assert normal(rendered.payload) == normal(payload), sample.name
        assert rendered.payload["to"] == "+" + re.sub(r"\D", "", str(payload["to"])), sample.name
        assert rendered.payload["biz_opaque_callback_data"] == OPAQUE
        assert rendered.edge == ("marketing_messages" if marketing else "messages"), sample.name
        said += 1
    assert said >= 50
