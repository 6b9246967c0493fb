"""Commands become Meta's payloads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.schemas.outbound import COMMAND, SendCommand, SendText, from_stored, stored_content
from server.whatsapp.renderer import own_media, render
from tests.unit.whatsapp.commands import CONTENTS, commands


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


@pytest.mark.parametrize("kind", [*CONTENTS, "pin", "raw"])
@given(data=st.data())
def test_every_command_renders_to_json_that_holds_what_was_asked(kind: str, data: st.DataObject) -> None:
    given = data.draw(commands((kind,)))
    rendered = render(given, opaque_id="t1.x")
    payload = rendered.payload
    assert json.loads(json.dumps(payload, ensure_ascii=False).encode()) == payload
    assert payload["type"] == (kind if kind != "raw" else "hologram")
    assert payload["type"] in payload
    assert {"to", "recipient"} & {*payload} == {"recipient" if given.to.startswith("US.") else "to"}
    assert payload["biz_opaque_callback_data"] == "t1.x"
    assert ("context" in payload) == (given.reply_to is not None)
    assert {*payload}.isdisjoint({"from", "client_reference", "priority", "on_ambiguous", "send_at", "expires_at"})
    assert (rendered.edge == "marketing_messages") == (getattr(given, "marketing", None) is not None)


@given(commands())
def test_a_stored_command_renders_as_the_one_that_was_accepted(given: SendCommand) -> None:
    """What waits in the database is sent as it was asked for."""
    kept = json.loads(stored_content(given))
    again = from_stored(kept, sender=given.sender, to=given.to)
    assert render(again, opaque_id="o") == render(given, opaque_id="o")


def test_media_of_this_platform_get_metas_ids() -> None:
    ours, theirs = "0190c6d0-7f3a-7b2c-9d4e-5f60718293a4", "123456"
    header = {"type": "image", "image": {"id": ours}}
    buttons = {"buttons": [{"type": "reply", "reply": {"id": ours, "title": "Yes"}}]}
    given = COMMAND.validate_python(
        {
            "from": "1",
            "to": "+15550100123",
            "type": "interactive",
            "interactive": {"type": "button", "header": header, "body": {"text": "?"}, "action": buttons},
        }
    )
    assert own_media(given) == {ours}
    payload = render(given, opaque_id="o", media={ours: theirs}).payload
    assert payload["interactive"]["header"]["image"] == {"id": theirs}
    assert payload["interactive"]["action"] == buttons  # a button may be called as it likes
