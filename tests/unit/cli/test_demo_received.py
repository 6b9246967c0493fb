"""What the demo calls the messages that come in."""

from typing import Any

import pytest

from server.cli.demo.received import kind_of


def message(type_: str, reply_to: str | None = None, **content: Any) -> dict[str, Any]:
    return {"type": type_, "content": content, "reply_to": reply_to}


@pytest.mark.parametrize(
    ("received", "kind"),
    [
        (message("text", body="Hi"), "text"),
        (message("text", "wamid.x", context={"id": "wamid.x"}), "text in reply"),
        (message("text", context={"referred_product": {"catalog_id": "1"}}), "question on a product"),
        (message("text", group_id="1"), "group message"),
        (message("interactive", "wamid.x", type="list_reply"), "choice from a list"),
        (message("interactive", type="button_reply"), "button"),
        (message("interactive", type="of_tomorrow"), "of_tomorrow"),
        (message("interactive"), "interactive"),
        (message("button", "wamid.x"), "quick reply"),
        (message("image", type="a field of it"), "image"),
        (message("of_tomorrow"), "of_tomorrow"),
    ],
)
def test_it_is_named_after_what_the_person_did(received: dict[str, Any], kind: str) -> None:
    assert kind_of(received) == kind
