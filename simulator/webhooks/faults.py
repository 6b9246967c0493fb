"""Carries out the planned faults on webhooks: an update is silenced, delayed, shuffled or repeated.

Called by the emitter, and only while there are rules for webhooks. What happens to an update is on record
right after the update itself. After a restart owed updates go out without faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from simulator.faults.active import Fate
from simulator.ledger import Ledger
from simulator.randomness import Streams
from simulator.scheduler import Scheduler
from simulator.webhooks.sender import WebhookSender
from simulator.webhooks.updates import Update


@dataclass(slots=True)
class Subject:
    """What an update is about: a status by its name, `inbound`, or `notice` for everything but chats."""

    name: str
    wamid: str
    phone_number_id: str
    wa_id: str = ""
    opaque: str | None = None


class WebhookFaults:
    def __init__(self, *, ledger: Ledger, sender: WebhookSender, scheduler: Scheduler, streams: Streams) -> None:
        self._ledger = ledger
        self._sender = sender
        self._scheduler = scheduler
        self._orders = streams.stream("faults.order")
        self._held: dict[float, list[tuple[Update, list[str]]]] = {}

    def record(self, fate: Fate, seq: int, subject: Subject) -> None:
        """Write down what strikes the update of this ledger entry."""
        for struck in fate.struck:
            self._ledger.append(
                "fault",
                fault=struck.rule.kind,
                rule=struck.place,
                update=seq,
                status=subject.name,
                wamid=subject.wamid,
                phone_number_id=subject.phone_number_id,
                wa_id=subject.wa_id,
                biz_opaque_callback_data=subject.opaque,
            )

    def publish(self, fate: Fate, update: Update, app_ids: list[str]) -> None:
        if fate.silent:
            return
        if fate.copies_after_s:
            self._sender.copy_post_with(update.seq, app_ids, fate.copies_after_s)
        if fate.delay_s:
            self._scheduler.after(fate.delay_s, partial(self._go_on, fate, update, app_ids))
        else:
            self._go_on(fate, update, app_ids)

    def _go_on(self, fate: Fate, update: Update, app_ids: list[str]) -> None:
        if fate.shuffle_s is None:
            self._sender.publish(update, app_ids)
            return
        held = self._held.setdefault(fate.shuffle_s, [])
        if not held:
            self._scheduler.after(fate.shuffle_s, partial(self._release, fate.shuffle_s))
        held.append((update, app_ids))

    def _release(self, shuffle_s: float) -> None:
        held = self._held.pop(shuffle_s)
        self._orders.shuffle(held)
        for update, app_ids in held:
            self._sender.publish(update, app_ids)
