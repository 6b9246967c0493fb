"""One message on its way in: who sends it, to whom, and what is found out while its content is checked.

Made by `messages.py` for each request and handed to every checker of this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulator.conversations import Message
from simulator.graph.recipients import Recipient
from simulator.state import Number, Waba
from simulator.world import World


class StoredMedia(Protocol):
    @property
    def phone_number_id(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def expires_at(self) -> float: ...


class MediaShelf(Protocol):
    def find(self, media_id: str) -> StoredMedia | None: ...


@dataclass(slots=True)
class Sending:
    """`fails_with`: the code of the failed status that will come, where Meta accepts first and fails later."""

    world: World
    number: Number
    waba: Waba
    at: float
    recipient: Recipient
    shelf: MediaShelf
    fails_with: int | None = None

    def fail_later(self, code: int) -> None:
        """The first reason counts."""
        self.fails_with = self.fails_with or code

    def media(self, media_id: str) -> StoredMedia | None:
        """What the number has uploaded or received under this id, unless it has expired."""
        found = self.shelf.find(media_id)
        return found if found and found.phone_number_id == self.number.id and self.at < found.expires_at else None

    def message_of_chat(self, wamid: str) -> Message | None:
        message = self.world.conversations.find(wamid)
        if message is None or message.phone_number_id != self.number.id or message.wa_id != self.recipient.wa_id:
            return None
        return message
