"""Turns something that happened into a ledger entry and a webhook update, in the order that survives a kill.

Called by the carrier (statuses), the phones (inbound messages) and whoever tells something else about an account. It
decides neither what happens nor when, only who hears of it and in which shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from simulator import wire
from simulator.clock import Clock
from simulator.conversations import Conversations, Message
from simulator.faults.active import Fate, Faults
from simulator.faults.rule import Subject
from simulator.ledger import Ledger
from simulator.limits.sends import SendLimits
from simulator.payloads import messages, statuses
from simulator.payloads.fields import MESSAGES
from simulator.payloads.parts import Scene, Value
from simulator.scheduler import Scheduler
from simulator.state import Number, Person, Store, Waba
from simulator.summary import Entry
from simulator.webhooks.faults import Topic, WebhookFaults, subject_of
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.sender import WebhookSender
from simulator.webhooks.updates import Update, change

NOTICE = "notice"

Build = Callable[[Scene], str]
"""Makes the value, encoded."""


class _Telling(msgspec.Struct):
    """One update on its way: what it is about, what is said, and where its entry stands.

    `topic` is made only while planned faults ask about it.
    """

    topic: Topic | None
    field: str
    scene: Scene
    build: Build
    entry_id: str
    has_time: bool = False


class Emitter:
    def __init__(
        self,
        *,
        store: Store,
        conversations: Conversations,
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
        self._conversations = conversations
        self._ledger = ledger
        self._outbox = outbox
        self._sender = sender
        self._faults = faults
        self._webhook_faults = webhook_faults
        self._scheduler = scheduler
        self._clock = clock
        self._limits = limits

    def status(self, message: Message, name: str, person: Person | None) -> None:
        """Tick the message and tell the business's apps. `name` is one of Meta's statuses."""
        self.statuses(message, name, [person])

    def statuses(self, message: Message, name: str, people: Sequence[Person | None], code: int | None = None) -> None:
        """The same for several participants of a group, who share an update; `code` is why it failed for them."""
        now = self._clock.now()
        message.ticks.setdefault(name, now)
        entry: Entry = {
            "status": name,
            "wamid": message.wamid,
            "phone_number_id": message.phone_number_id,
            "wa_id": message.wa_id,
            "biz_opaque_callback_data": message.opaque,
            "code": None,
        }
        if message.group_id is not None and (ids := [person.id for person in people if person is not None]):
            message.group_ticks.setdefault(name, set()).update(ids)
            entry["participants"] = ids
        number = self._store.numbers[message.phone_number_id]
        if name == "sent":
            message.free_entry_until = self._conversations.thread(message.wa_id, number.id).free_entry_at(now)
        elif name == "failed":
            if code is not None:
                message.fail_with(code)
            entry["code"] = message.failure = message.failure or statuses.UNDELIVERABLE
        told = [statuses.Told(message, name, person, entry["code"]) for person in people]
        self._tell(self._about(message, name, number, now, partial(statuses.value, told)), "status", entry)

    def inbound(self, message: Message, person: Person) -> None:
        """Tell the business's apps what a person wrote. Raises OSError when the disk refuses the entry."""
        number = self._store.numbers[message.phone_number_id]
        self._limits.count_inbound(number, message.at)

        def build(scene: Scene) -> str:
            return wire.dumps(messages.inbound(message, person, number, scene.waba))

        entry: Entry = {
            "type": message.type,
            "wamid": message.wamid,
            "phone_number_id": number.id,
            "wa_id": message.wa_id,
            "reply_to": message.reply_to,
        }
        if message.group_id is not None:
            entry["group_id"] = message.group_id
        self._tell(self._about(message, "inbound", number, message.at, build), "inbound", entry, with_digest=True)
        self._ledger.flush()

    def notice(self, field: str, value: Value, *, waba: Waba, number: Number | None = None, wa_id: str = "") -> None:
        """Tell the apps of an account anything else that Meta tells, under its field."""
        scene = Scene(waba, number, self._clock.now())
        self._notice(field, value.payload, scene, value.entry_id(scene), has_time=value.has_time, wa_id=wa_id)

    def raw(
        self, field: str, value: object, *, waba: Waba, number: Number | None, entry_id: str, has_time: bool
    ) -> None:
        """The same with a value that nobody looks at, for the field that it is said to be of."""
        scene = Scene(waba, number, self._clock.now())
        self._notice(field, lambda _scene: value, scene, entry_id, has_time=has_time)

    def _notice(
        self,
        field: str,
        build: Callable[[Scene], Any],
        scene: Scene,
        entry_id: str,
        *,
        has_time: bool,
        wa_id: str = "",
    ) -> None:
        phone_number_id = scene.number.id if scene.number is not None else ""
        topic = None
        if self._faults.on_webhooks:
            topic = Topic(NOTICE, f"{field}/{self._ledger.next_seq}", Subject(phone_number_id))
        telling = _Telling(topic, field, scene, lambda scene: wire.dumps(build(scene)), entry_id, has_time)
        entry: Entry = {
            "field": field,
            "waba_id": scene.waba.id,
            "entry_id": entry_id,
            "phone_number_id": phone_number_id or None,
            "wa_id": wa_id or None,
        }
        self._tell(telling, NOTICE, entry, with_digest=True)
        self._ledger.flush()

    def _about(self, message: Message, name: str, number: Number, at: float, build: Build) -> _Telling:
        waba = self._store.waba_of(number)
        topic = None
        if self._faults.on_webhooks:
            topic = Topic(name, message.wamid, subject_of(message), message.opaque)
        return _Telling(topic, MESSAGES, Scene(waba, number, at), build, waba.id)

    def _tell(self, telling: _Telling, kind: str, entry: Entry, *, with_digest: bool = False) -> None:
        hearers = self._store.hearers_of(telling.scene.waba, telling.field)
        app_ids, fate = hearers.app_ids, None
        if telling.topic is not None and app_ids:
            fate = self._fate(telling.topic)
            app_ids = () if fate.silent else app_ids
        # Into the outbox first: an update without a ledger entry is discarded at the next start and what
        # caused it happens again; a ledger entry without its update would be a webhook that never comes.
        update = self._update(telling, some_old=hearers.some_old)
        if app_ids:
            self._outbox.keep(update)
        if with_digest:
            entry["sha256"] = hashlib.sha256(update.change.encode("ascii")).hexdigest()
        entry["apps"] = app_ids
        self._ledger.append(kind, at=telling.scene.at, **entry)
        if telling.topic is None or fate is None:
            self._sender.publish(update, app_ids)
        else:
            self._publish(telling.topic, update, app_ids, fate)

    def _fate(self, topic: Topic) -> Fate:
        """What planned faults do to it on the way."""
        return self._faults.fate_of_update(topic.name, wamid=topic.wamid, subject=topic.subject)

    def _update(self, telling: _Telling, *, some_old: bool) -> Update:
        scene, field = telling.scene, telling.field
        return Update(
            self._ledger.last_seq + 1,
            telling.entry_id,
            change(field, telling.build(scene)),
            int(scene.at) if telling.has_time else None,
            change(field, telling.build(replace(scene, old=True))) if some_old else None,
        )

    def _publish(self, topic: Topic, update: Update, app_ids: Sequence[str], fate: Fate) -> None:
        self._webhook_faults.record(fate, update.seq, topic)
        self._webhook_faults.publish(fate, update, app_ids)
        if fate.fails is not None:
            after_s, code = fate.fails
            self._scheduler.after(after_s, partial(self._fail, topic.wamid, code))

    def _fail(self, wamid: str, code: int) -> None:
        message = self._conversations.find(wamid)
        if message is not None and "failed" not in message.ticks:
            message.fail_with(code)
            self.status(message, "failed", self._store.person_at(message.wa_id))
