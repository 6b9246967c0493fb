"""Carries out the planned faults on webhooks: an update is silenced, delayed, shuffled, batched, repeated or missigned.

Called by the emitter, and only while there are rules for webhooks. What happens to an update is on record
right after the update itself. After a restart owed updates go out without faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from simulator.conversations import Message
from simulator.faults.active import ActiveUpdateRule, Fate, Faults
from simulator.faults.rule import Subject
from simulator.faults.update_rules import Batch
from simulator.ledger import Ledger
from simulator.scheduler import Scheduler
from simulator.webhooks.sender import WebhookSender
from simulator.webhooks.updates import Update

Addressed = tuple[Update, Sequence[str]]


def subject_of(message: Message) -> Subject:
    """What a rule may ask about the update of a message."""
    template = message.content.get("template")
    return Subject(
        phone_number_id=message.phone_number_id,
        wa_id=message.wa_id,
        type=str(message.content["type"]),
        template=template.get("name") if isinstance(template, dict) else None,
        category=message.category.removesuffix("_lite"),
    )


@dataclass(frozen=True, slots=True)
class Topic:
    """What an update is about: a status by its name, `inbound`, or `notice` for everything but chats."""

    name: str
    wamid: str
    subject: Subject
    opaque: str | None = None


class WebhookFaults:
    def __init__(self, *, ledger: Ledger, sender: WebhookSender, scheduler: Scheduler, faults: Faults) -> None:
        self._ledger = ledger
        self._sender = sender
        self._scheduler = scheduler
        self._faults = faults
        self._shuffled: dict[float, list[tuple[Fate, Addressed]]] = {}
        self._batches: dict[ActiveUpdateRule, list[Addressed]] = {}

    def record(self, fate: Fate, seq: int, topic: Topic) -> None:
        """Write down what strikes the update of this ledger entry."""
        for struck in fate.struck:
            self._ledger.append(
                "fault",
                fault=struck.rule.kind,
                rule=struck.place,
                update=seq,
                status=topic.name,
                wamid=topic.wamid,
                phone_number_id=topic.subject.phone_number_id,
                wa_id=topic.subject.wa_id,
                biz_opaque_callback_data=topic.opaque,
            )

    def publish(self, fate: Fate, update: Update, app_ids: Sequence[str]) -> None:
        if fate.silent:
            return
        if fate.copies_after_s:
            self._sender.copy_post_with(update.seq, app_ids, fate.copies_after_s)
        if fate.signed is not None:
            self._sender.sign_post_with(update.seq, app_ids, fate.signed)
        if fate.delay_s:
            self._scheduler.after(fate.delay_s, partial(self._shuffle, fate, (update, app_ids)))
        else:
            self._shuffle(fate, (update, app_ids))

    def _shuffle(self, fate: Fate, update: Addressed) -> None:
        if fate.shuffle_s is None:
            self._batch(fate, update)
            return
        held = self._shuffled.setdefault(fate.shuffle_s, [])
        if not held:
            self._scheduler.after(fate.shuffle_s, partial(self._end_shuffle, fate.shuffle_s))
        held.append((fate, update))

    def _end_shuffle(self, shuffle_s: float) -> None:
        held = self._shuffled.pop(shuffle_s)
        self._faults.stream("order").shuffle(held)
        for fate, update in held:
            self._batch(fate, update)

    def _batch(self, fate: Fate, update: Addressed) -> None:
        if fate.batch is None or not isinstance(fate.batch.rule, Batch):
            self._sender.publish(*update)
            return
        rule = fate.batch.rule
        held = self._batches.setdefault(fate.batch, [])
        if not held:
            self._scheduler.after(rule.window_s, partial(self._end_batch, fate.batch, held))
        held.append(update)
        if len(held) == rule.size:
            self._end_batch(fate.batch, held)

    def _end_batch(self, batch: ActiveUpdateRule, held: list[Addressed]) -> None:
        if self._batches.get(batch) is not held:  # it was full, and left before its window was over
            return
        del self._batches[batch]
        for app_id, updates in _by_app(held).items():
            self._sender.publish_together(updates, app_id)


def _by_app(held: Iterable[Addressed]) -> dict[str, list[Update]]:
    found: dict[str, list[Update]] = {}
    for update, app_ids in held:
        for app_id in app_ids:
            found.setdefault(app_id, []).append(update)
    return found
