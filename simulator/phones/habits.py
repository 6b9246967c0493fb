"""What people do by themselves with what arrives: read it, answer it, tap on it, lose the connection.

Called by `phones.py`. All chance is drawn from streams of its own, and only where a habit leaves something to chance,
so that a seeded run repeats and a habit that nobody has moves no other draw.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from simulator import samples
from simulator.clock import Clock
from simulator.conversations import Conversations, Message
from simulator.emitter import Emitter
from simulator.errors import Refused
from simulator.media import MediaShelf, webhook_object
from simulator.phones.choices import choices_of
from simulator.randomness import Streams
from simulator.scheduler import Scheduler
from simulator.state import Number, Person, Store

_PHOTO = "photo.jpg"


class Phones(Protocol):
    """What habits need of the phones."""

    def send(
        self, person: Person, number: Number, content: dict[str, object], reply_to: str | None = None
    ) -> Message: ...

    def connect(self, person: Person) -> None: ...

    def go_away(self, person: Person) -> None: ...

    def check_can_act(self, person: Person, phone_number_id: str) -> None: ...


class Habits:
    def __init__(
        self,
        *,
        phones: Phones,
        store: Store,
        conversations: Conversations,
        emitter: Emitter,
        scheduler: Scheduler,
        streams: Streams,
        clock: Clock,
        media: MediaShelf,
    ) -> None:
        self._phones = phones
        self._store = store
        self._conversations = conversations
        self._emitter = emitter
        self._scheduler = scheduler
        self._streams = streams
        self._clock = clock
        self._media = media

    def skips_delivered(self, message: Message, person: Person) -> bool:
        """Whether this one will be read without ever having been delivered, as Meta allows."""
        behaviour = person.behaviour
        return behaviour.reads and self._happens(behaviour.skip_delivered_share, "people.skips")

    def react(self, message: Message, person: Person) -> None:
        self.read_later(message, person)
        if message.group_id is None:
            self._answer_later(message, person)
        if self._happens(person.behaviour.offline_share, "people.offline"):
            self._phones.go_away(person)
            self._scheduler.after(person.behaviour.offline_for_s, partial(self._come_back, person.id))

    def read_later(self, message: Message, person: Person) -> None:
        behaviour = person.behaviour
        skipped = not message.has("delivered", person.id)
        if behaviour.reads and (skipped or self._happens(behaviour.read_share, "people.reads")):
            self._scheduler.after(self._read_delay(person), partial(self._read, message.wamid, person.id))

    def _answer_later(self, message: Message, person: Person) -> None:
        thread = self._conversations.thread(person.id, message.phone_number_id)
        thread.texts_received += message.type == "text"
        behaviour = person.behaviour
        if choices_of(message) and self._happens(behaviour.tap_share, "people.taps"):
            self._type(message, person, self._tap)
        elif behaviour.reply_every and message.type == "text" and thread.texts_received % behaviour.reply_every == 0:
            self._type(message, person, self._answer)

    def _type(self, message: Message, person: Person, then: Callable[[str], None]) -> None:
        typing_s = self._streams.stream("answers").uniform(*person.behaviour.typing_s)
        reading_s = self._read_delay(person)
        self._scheduler.after(reading_s, partial(self._begin_typing, message.wamid, typing_s))
        self._scheduler.after(reading_s + typing_s, partial(then, message.wamid))

    def _begin_typing(self, wamid: str, typing_s: float) -> None:
        message = self._conversations.known(wamid)
        thread = self._conversations.thread(message.wa_id, message.phone_number_id)
        thread.answering_until = self._clock.now() + self._clock.real_seconds(typing_s)

    def _read(self, wamid: str, wa_id: str) -> None:
        message = self._conversations.known(wamid)
        person = self._store.person_at(wa_id)
        if person is not None and person.behaviour.reads and not message.has("read", wa_id):
            self._emitter.status(message, "read", person)

    def _answer(self, wamid: str) -> None:
        message = self._conversations.known(wamid)
        if (person := self._able(message)) is None:
            return
        number = self._store.numbers[message.phone_number_id]
        if self._happens(person.behaviour.photo_share, "people.photos"):
            self._phones.send(person, number, self._photo(number))
        else:
            self._phones.send(person, number, {"type": "text", "text": {"body": person.behaviour.reply_text}})

    def _tap(self, wamid: str) -> None:
        message = self._conversations.known(wamid)
        if (person := self._able(message)) is not None:
            choice = self._streams.stream("people.choices").choice(choices_of(message))
            number = self._store.numbers[message.phone_number_id]
            self._phones.send(person, number, choice.content.as_json(), message.wamid)

    def _able(self, message: Message) -> Person | None:
        """The person, if they can write now: meanwhile they may be offline, gone, or have blocked the number."""
        person = self._store.person_at(message.wa_id)
        try:
            if person is not None:
                self._phones.check_can_act(person, message.phone_number_id)
        except Refused:
            return None
        return person

    def _come_back(self, wa_id: str) -> None:
        if (person := self._store.person_at(wa_id)) is not None and person.online:
            self._phones.connect(person)

    def _photo(self, number: Number) -> dict[str, object]:
        media = self._media.keep_inbound(number.id, samples.TYPES[_PHOTO], samples.read(_PHOTO))
        return {"type": "image", "image": webhook_object("image", media)}

    def _read_delay(self, person: Person) -> float:
        behaviour = person.behaviour
        if not behaviour.read_delay_spread_s:
            return behaviour.read_delay_s
        return behaviour.read_delay_s + self._streams.stream("people.delays").uniform(0, behaviour.read_delay_spread_s)

    def _happens(self, share: float, purpose: str) -> bool:
        if share in (0, 1):
            return share == 1
        return self._streams.stream(purpose).random() < share
