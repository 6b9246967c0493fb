"""The types that the messages endpoint understands: one entry in the table each, a function that checks the object.

Called by `messages.py`. A checker reads the object under the type's key and returns what the recipient gets, which
the chat shows and later answers refer to. Limits are Meta's, and stand in the module of the type.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.graph.content import contacts, interactive, media, pins, reactions, templates, texts
from simulator.graph.content.sending import Sending
from simulator.graph.errors import messaging_error
from simulator.graph.parameters import Content, Parameters

Checker = Callable[[Parameters, Sending], object]

TYPES: dict[str, Checker] = {
    "audio": media.audio,
    "contacts": contacts.contacts,
    "document": media.document,
    "image": media.image,
    "interactive": interactive.interactive,
    "location": texts.location,
    "pin": pins.pin,
    "reaction": reactions.reaction,
    "sticker": media.sticker,
    "template": templates.template,
    "text": texts.text,
    "video": media.video,
}

_IN_GROUPS = ("audio", "document", "image", "pin", "sticker", "template", "text", "video")


def checked_content(request: Parameters, sending: Sending) -> Content:
    """The message's `type` and its object, checked: `{"type": "text", "text": {…}}`.

    Raises:
        GraphError: 100, 131008, 131009, 132xxx or 130501, with words that name the parameter.
    """
    type_ = request.choice("type", *TYPES, default="text")
    if sending.recipient.group is not None and type_ not in _IN_GROUPS:
        raise messaging_error(130501, "Message type is not currently supported in groups.")
    return {"type": type_, type_: TYPES[type_](request, sending)}
