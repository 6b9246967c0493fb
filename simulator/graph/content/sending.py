"""One message on its way in: who sends it, to whom, and what is found out while its content is checked.

Made by `messages.py` for each request and handed to every checker of this package.
"""

from __future__ import annotations

import msgspec

from simulator.conversations import Message
from simulator.graph.recipients import Recipient
from simulator.media import Media
from simulator.state import Number, Template, Waba
from simulator.world import World


class Sending(msgspec.Struct):
    """`template`: the one that is sent.

    `fails_with`: the code of the failed status that will come, where Meta accepts first and fails later, and the
    details that go with it, if they are not always the same. `held`: for Meta's quality assessment. `ttl_s`: the time
    to live that was asked for.
    """

    world: World
    number: Number
    waba: Waba
    at: float
    recipient: Recipient
    template: Template | None = None
    fails_with: int | None = None
    fails_because: str | None = None
    held: bool = False
    ttl_s: int | None = None

    def fail_later(self, code: int, details: str | None = None) -> None:
        """The first reason counts."""
        if self.fails_with is None:
            self.fails_with, self.fails_because = code, details

    def media(self, media_id: str) -> Media | None:
        """What the number has uploaded or received under this id, unless it has expired."""
        found = self.world.media.find(media_id)
        return found if found is not None and found.phone_number_id == self.number.id else None

    def message_of_chat(self, wamid: str) -> Message | None:
        message = self.world.conversations.find(wamid)
        if message is None or message.phone_number_id != self.number.id or message.chat_id != self.recipient.wa_id:
            return None
        return message
