"""What rows of messages look like when they are shown."""

from typing import Any

import pytest

from server.services.message_views import PREVIEW_LENGTH, own_content, preview

OUTBOUND = {"type": "text", "text": {"body": "Good morning", "preview_url": False}, "reply_to": "wamid.1"}


def test_outbound_content_is_taken_out_of_its_command() -> None:
    assert own_content("outbound", "text", OUTBOUND) == {"body": "Good morning", "preview_url": False}


def test_inbound_content_is_as_meta_gave_it() -> None:
    assert own_content("inbound", "text", {"body": "Hi"}) == {"body": "Hi"}


@pytest.mark.parametrize(
    ("direction", "kind", "content", "line"),
    [
        ("outbound", "text", OUTBOUND, "Good morning"),
        ("inbound", "text", {"body": " two\n\n lines\t"}, "two lines"),
        ("inbound", "image", {"id": "1", "caption": "The shop"}, "The shop"),
        ("inbound", "sticker", {"id": "1"}, None),
        ("inbound", "text", {"body": 7}, None),
        ("inbound", "text", {"body": "x" * PREVIEW_LENGTH}, "x" * PREVIEW_LENGTH),
        ("inbound", "text", {"body": "x" * (PREVIEW_LENGTH + 1)}, "x" * (PREVIEW_LENGTH - 1) + "…"),
    ],
)
def test_a_preview_is_one_short_line(direction: str, kind: str, content: dict[str, Any], line: str | None) -> None:
    assert preview(direction, kind, content) == line
