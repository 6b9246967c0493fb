"""Commands become Meta's payloads."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.schemas.content.simple import TEXT_BODY_MAX, TextContent
from server.schemas.outbound import SendText, from_stored, stored_content
from server.whatsapp.renderer import render

bodies = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=TEXT_BODY_MAX
).filter(lambda body: body.strip() != "")
commands = st.builds(
    SendText,
    sender=st.just("100000000000001"),
    to=st.from_regex(re.compile(r"\+[1-9]\d{6,14}", re.ASCII), fullmatch=True),
    text=st.builds(TextContent, body=bodies, preview_url=st.booleans()),
    reply_to=st.none() | st.just("wamid.dGVzdA=="),
    client_reference=st.none() | st.just("order 7"),
)


def command(**given: Any) -> SendText:
    return SendText.model_validate(
        {"from": "100000000000001", "to": "+15550100123", "text": {"body": "Hi", "preview_url": False}, **given}
    )


def test_a_text() -> None:
    assert render(command(), opaque_id="t1.x").payload == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+15550100123",
        "type": "text",
        "text": {"body": "Hi", "preview_url": False},
        "biz_opaque_callback_data": "t1.x",
    }


def test_an_answer_with_a_preview() -> None:
    payload = render(
        command(reply_to="wamid.dGVzdA==", text={"body": "https://example.com", "preview_url": True}), opaque_id="o"
    ).payload
    assert payload["context"] == {"message_id": "wamid.dGVzdA=="}
    assert payload["text"] == {"body": "https://example.com", "preview_url": True}


@pytest.mark.parametrize("to", ["15550100123", "+1 555 010 0123", "+1 (555) 010-0123"])
def test_the_recipient_always_has_its_plus(to: str) -> None:
    """Without it Meta may take a number for a national one (Meta: messages, phone number formats)."""
    assert render(command(to=to), opaque_id="o").payload["to"] == "+15550100123"


@given(commands)
def test_every_command_renders_to_json_that_holds_what_was_asked(given: SendText) -> None:
    payload = render(given, opaque_id="t1.x").payload
    assert json.loads(json.dumps(payload, ensure_ascii=False).encode()) == payload
    assert payload["text"] == {"body": given.text.body, "preview_url": given.text.preview_url}
    assert payload["biz_opaque_callback_data"] == "t1.x"
    assert ("context" in payload) == (given.reply_to is not None)
    assert given.client_reference is None or given.client_reference not in json.dumps(payload)


@given(commands)
def test_a_stored_command_renders_as_the_one_that_was_accepted(given: SendText) -> None:
    """What waits in the database is sent as it was asked for."""
    kept = json.loads(json.dumps(stored_content(given)))
    again = from_stored(kept, sender=given.sender, to=given.to)
    assert render(again, opaque_id="o") == render(given, opaque_id="o")
