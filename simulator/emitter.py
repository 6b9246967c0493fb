"""Turns something that happened into a ledger entry and a webhook update, in the order that survives a kill.

Called by the carrier (statuses) and the phones (inbound messages). It decides neither what happens nor when.
"""

from __future__ import annotations

import hashlib
from functools import partial

from simulator import payloads
from simulator.clock import Clock
from simulator.conversations import Message
from simulator.faults.active import Fate, Faults
from simulator.ledger import Ledger
from simulator.limits.sends import SendLimits
from simulator.scheduler import Scheduler
from simulator.state import Person, Store, Waba
from simulator.webhooks.faults import WebhookFaults, subject_of
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.sender import WebhookSender
from simulator.webhooks.updates import Update, encode_change


class Emitter:
    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        outbox: Outbox,
        sender: WebhookSender,
        faults: Faults,
        webhook_faults: WebhookFaults,
        scheduler: Scheduler,
        clock: Clock,
        limits: SendLimits,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._outbox = outbox
        self._sender = sender
        self._faults = faults
        self._webhook_faults = webhook_faults
        self._scheduler = scheduler
        self._clock = clock
        self._limits = limits

    def status(self, message: Message, name: str, person: Person | None) -> None:
        """Tick the message and tell the business's apps. `name`: sent, delivered, read or failed."""
        now = self._clock.now()
        message.ticks[name] = now
        number = self._store.numbers[message.phone_number_id]
        waba = self._store.waba_of(number)
        app_ids, fate = self._audience(name, message, waba)
        update = self._kept(waba.id, payloads.status(message, name, now, person, number, waba), app_ids)
        self._ledger.append(
            "status",
            at=now,
            status=name,
            wamid=message.wamid,
            phone_number_id=number.id,
            wa_id=message.wa_id,
            biz_opaque_callback_data=message.opaque,
            code=message.failure if name == "failed" else None,
            apps=app_ids,
        )
        self._publish(name, message, update, app_ids, fate)

    def inbound(self, message: Message, person: Person) -> None:
        """Tell the business's apps what a person wrote. Raises OSError when the disk refuses the entry."""
        number = self._store.numbers[message.phone_number_id]
        self._limits.count_inbound(number, message.at)
        waba = self._store.waba_of(number)
        app_ids, fate = self._audience("inbound", message, waba)
        update = self._kept(waba.id, payloads.inbound(message, person, number, waba), app_ids)
        self._ledger.append(
            "inbound",
            at=message.at,
            type=message.content["type"],
            wamid=message.wamid,
            phone_number_id=number.id,
            wa_id=message.wa_id,
            reply_to=message.reply_to,
            sha256=hashlib.sha256(update.change.encode("ascii")).hexdigest(),
            apps=app_ids,
        )
        self._publish("inbound", message, update, app_ids, fate)
        self._ledger.flush()

    def _audience(self, name: str, message: Message, waba: Waba) -> tuple[list[str], Fate | None]:
        """The apps that will hear of it, and what planned faults do to it on the way."""
        app_ids = self._store.app_ids_for(waba)
        if not (self._faults.on_webhooks and app_ids):
            return app_ids, None
        fate = self._faults.fate_of_update(name, wamid=message.wamid, subject=subject_of(message))
        return ([] if fate.silent else app_ids), fate

    def _kept(self, waba_id: str, value: payloads.Payload, app_ids: list[str]) -> Update:
        # Into the outbox first: an update without a ledger entry is discarded at the next start and what
        # caused it happens again; a ledger entry without its update would be a webhook that never comes.
        update = Update(self._ledger.next_seq, waba_id, encode_change("messages", value))
        if app_ids:
            self._outbox.keep(update)
        return update

    def _publish(self, name: str, message: Message, update: Update, app_ids: list[str], fate: Fate | None) -> None:
        if fate is None:
            self._sender.publish(update, app_ids)
            return
        self._webhook_faults.record(fate, update.seq, name, message)
        self._webhook_faults.publish(fate, update, app_ids)
        if fate.fails is not None:
            after_s, code = fate.fails
            self._scheduler.after(after_s, partial(self._fail, message, code))

    def _fail(self, message: Message, code: int) -> None:
        if "failed" not in message.ticks:
            message.failure = code
            self.status(message, "failed", self._store.people.get(message.wa_id))
