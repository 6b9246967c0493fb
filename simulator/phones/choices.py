"""What a business's message lets a person tap or answer, and the answers that Meta makes of it.

Pure; called by gestures, by habits and by the chat that is shown. Reads messages as they were sent: reply buttons,
rows of lists, quick replies of templates, flows, requests for a call, a location or a phone number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from simulator.conversations import Message
from simulator.payloads.messages import (
    ButtonMessage,
    ButtonReply,
    InteractiveMessage,
    ListReply,
    Row,
    TemplateButton,
)
from simulator.payloads.messages import (
    Choice as ChosenButton,
)

REQUESTS: Final = ("flow", "call_permission_request", "location_request_message", "request_contact_info")


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tap. `id` is what the business gave it: an id, or the payload of a quick reply."""

    id: str
    title: str
    content: ButtonMessage | InteractiveMessage
    description: str | None = None

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "title": self.title, "description": self.description}


def choices_of(message: Message) -> list[Choice]:
    """All that can be tapped in this message, in the order in which it is shown."""
    if message.author != "business" or message.revoked:
        return []
    content: dict[str, Any] = message.content
    if "interactive" not in content and "template" not in content:
        return []
    return [*_of_interactive(_inner(content, "interactive")), *_of_template(_inner(content, "template"))]


def request_of(message: Message) -> str | None:
    """What the message asks the person for, one of REQUESTS; None when nothing."""
    interactive = _inner(message.content, "interactive")
    if interactive.get("type") in REQUESTS:
        return str(interactive["type"])
    kinds = {str(button.get("type", "")).lower() for button in _buttons(message)}
    return next((request for request in REQUESTS if request in kinds), None)


def flow_token_of(message: Message) -> str | None:
    parameters = _inner(_inner(_inner(message.content, "interactive"), "action"), "parameters")
    of_buttons = (button.get("flow_token") for button in _buttons(message) if "flow_token" in button)
    token = parameters.get("flow_token") or next(of_buttons, None)
    return token if isinstance(token, str) else None


def _of_interactive(interactive: dict[str, Any]) -> Iterator[Choice]:
    action = _inner(interactive, "action")
    for button in _items(action, "buttons"):
        reply = _inner(button, "reply")
        if interactive.get("type") == "button" and "id" in reply:
            chosen = ButtonReply(button_reply=ChosenButton(id=reply["id"], title=reply.get("title", "")))
            yield Choice(reply["id"], reply.get("title", ""), InteractiveMessage(interactive=chosen))
    if interactive.get("type") == "list":
        for section in _items(action, "sections"):
            for row in _items(section, "rows"):
                yield _of_row(row)


def _of_row(row: dict[str, Any]) -> Choice:
    fields = {name: row[name] for name in ("id", "title", "description") if name in row}
    content = InteractiveMessage(interactive=ListReply(list_reply=Row(**fields)))
    return Choice(row["id"], row["title"], content, row.get("description"))


def _buttons(message: Message) -> list[dict[str, Any]]:
    return _items(_inner(message.content, "template"), "buttons")


def _of_template(template: dict[str, Any]) -> Iterator[Choice]:
    of_cards = (button for card in _items(template, "cards") for button in _items(card, "buttons"))
    for button in (*_items(template, "buttons"), *of_cards):
        if str(button.get("type", "")).upper() == "QUICK_REPLY":
            text = str(button.get("text", ""))
            payload = str(button.get("payload", text))
            yield Choice(payload, text, ButtonMessage(button=TemplateButton(text=text, payload=payload)))


def _inner(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _items(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
