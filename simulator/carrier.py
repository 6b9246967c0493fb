"""Carries a business's message from the accepted request to the person's phone: sent, delivered, or failed.

The Graph endpoint calls `accept` after validation; recovery calls `resume`. What the person then does belongs
to `phones.py`.
"""

from __future__ import annotations

from functools import partial

from simulator.conversations import Conversations, Message
from simulator.delays import draw
from simulator.emitter import Emitter
from simulator.phones import Phones
from simulator.randomness import Streams
from simulator.scheduler import Scheduler
from simulator.state import Store


class Carrier:
    def __init__(
        self,
        *,
        store: Store,
        conversations: Conversations,
        emitter: Emitter,
        phones: Phones,
        scheduler: Scheduler,
        streams: Streams,
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._emitter = emitter
        self._phones = phones
        self._scheduler = scheduler
        self._sent_times = streams.stream("sent")
        self._delivered_times = streams.stream("delivered")
        self._releases = streams.stream("releases")

    def accept(self, message: Message) -> None:
        """Take over a message whose `send` entry is in the ledger; its statuses follow by themselves."""
        message.failure = message.failure or self._phones.refusal(message)
        self._conversations.add(message)
        settings = self._store.settings
        # Both are drawn here, in the order of arrival, so that a seeded run repeats its timings.
        sent_after = draw(settings.sent_delay_s, self._sent_times)
        delivered_after = draw(settings.delivered_delay_s, self._delivered_times)
        if message.held:
            sent_after += draw(settings.pacing_s, self._releases)
        if message.failure is not None:
            self._scheduler.after(sent_after, partial(self._fail, message.wamid))
        else:
            self._scheduler.after(sent_after, partial(self._send, message.wamid, delivered_after))

    def resume(self, message: Message) -> None:
        """Go on, after a restart, where the ledger says that this message was."""
        if message.expired or "failed" in message.ticks or "read" in message.ticks:
            return
        if message.only_sent and "sent" in message.ticks:
            return
        if "delivered" in message.ticks:
            self._phones.resume_reading(message)
            return
        message.failure = message.failure or self._phones.refusal(message)
        if message.failure is not None:
            self._fail(message.wamid)
        elif "sent" in message.ticks:
            self._phones.receive(message.wamid)
        else:
            self._send(message.wamid, 0.0)

    def _send(self, wamid: str, delivered_after: float) -> None:
        message = self._conversations.known(wamid)
        if message.failure is not None:  # it was planned after the message had been accepted
            self._fail(wamid)
            return
        self._emitter.status(message, "sent", self._store.person_at(message.wa_id))
        if not message.only_sent:
            self._scheduler.after(delivered_after, partial(self._phones.receive, wamid))

    def _fail(self, wamid: str) -> None:
        message = self._conversations.known(wamid)
        self._emitter.status(message, "failed", self._store.person_at(message.wa_id))
