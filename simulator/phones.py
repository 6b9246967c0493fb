"""The virtual phones of the people: they receive, tick, read, answer and write.

The carrier hands business messages to `receive`; the control API moves a phone by hand. How a person behaves is
in `state.Behaviour`; nothing here touches HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from simulator.clock import Clock
from simulator.conversations import Conversations, Message
from simulator.emitter import Emitter
from simulator.errors import Refused
from simulator.ids import Ids
from simulator.randomness import Streams
from simulator.scheduler import Scheduler
from simulator.state import Number, Person, Store
from simulator.waiting import Waiting

_TYPING_AN_ANSWER_S = (0.5, 1.5)


class Phones:
    def __init__(
        self,
        *,
        store: Store,
        conversations: Conversations,
        emitter: Emitter,
        scheduler: Scheduler,
        streams: Streams,
        clock: Clock,
        ids: Ids,
        waiting: Waiting,
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._emitter = emitter
        self._scheduler = scheduler
        self._clock = clock
        self._ids = ids
        self._answers = streams.stream("answers")
        self._waiting = waiting

    def receive(self, message: Message) -> None:
        """A business's message has reached the network of the person: deliver it, now or when they are online."""
        person = self._store.people[message.wa_id]
        if self._waiting.drop_expired(message):
            return
        if not person.online:
            self._waiting.add(message)
            return
        self._emitter.status(message, "delivered", person)
        self._react(message, person)

    def write(self, person: Person, number: Number, text: str, reply_to: str | None = None) -> Message:
        """The person sends a text to a business number. Raises as `send` does."""
        return self.send(person, number, {"type": "text", "text": {"body": text}}, reply_to)

    def send(self, person: Person, number: Number, content: dict[str, object], reply_to: str | None = None) -> Message:
        """The person sends any message; `content` is its `type` and its object, as webhooks have them.

        Raises:
            Refused: the phone is offline, or `reply_to` is not a message of that chat.
        """
        if not person.online:
            raise Refused(f"the phone of {person.id} is offline; put it online first", http=409)
        if reply_to is not None:
            self._message_of(person, reply_to, number.id)
        message = Message(
            wamid=self._ids.wamid_of_person(person.id),
            author="person",
            phone_number_id=number.id,
            wa_id=person.id,
            at=self._clock.now(),
            content=content,
            reply_to=reply_to,
        )
        self._conversations.add(message)
        self._emitter.inbound(message, person)
        return message

    def read(self, person: Person, wamids: Iterable[str] | None) -> list[str]:
        """Read these messages, or all delivered ones; returns the ids of those that had not been read before.

        Raises:
            Refused: one of them is not a delivered message to this person; nothing is read then.
        """
        chosen = self._delivered(person) if wamids is None else [self._message_of(person, id_) for id_ in wamids]
        unread = [message for message in chosen if "read" not in message.ticks]
        for message in unread:
            if "delivered" not in message.ticks:
                raise Refused(f"message {message.wamid} has not been delivered yet", http=409)
        for message in unread:
            self._emitter.status(message, "read", person)
        return [message.wamid for message in unread]

    def connect(self, person: Person) -> None:
        """The phone is online again: what waited for it is delivered, in order."""
        for message in self._waiting.take(person.id):
            self.receive(message)

    def resume_reading(self, message: Message) -> None:
        """After a restart: a delivered message may still have to be read."""
        if (person := self._store.people.get(message.wa_id)) is not None:
            self._schedule_reading(message, person)

    def _react(self, message: Message, person: Person) -> None:
        self._schedule_reading(message, person)
        thread = self._conversations.thread(person.id, message.phone_number_id)
        thread.texts_received += message.content["type"] == "text"
        behaviour = person.behaviour
        if behaviour.reply_every and thread.texts_received % behaviour.reply_every == 0:
            wait_s = behaviour.read_delay_s + self._answers.uniform(*_TYPING_AN_ANSWER_S)
            self._scheduler.after(wait_s, partial(self._answer, message))

    def _schedule_reading(self, message: Message, person: Person) -> None:
        if person.behaviour.reads:
            self._scheduler.after(person.behaviour.read_delay_s, partial(self._read_by_itself, message))

    def _read_by_itself(self, message: Message) -> None:
        person = self._store.people[message.wa_id]
        if person.behaviour.reads and "read" not in message.ticks:
            self._emitter.status(message, "read", person)

    def _answer(self, message: Message) -> None:
        person = self._store.people[message.wa_id]
        if person.online:
            number = self._store.numbers[message.phone_number_id]
            self.write(person, number, person.behaviour.reply_text)

    def _delivered(self, person: Person) -> list[Message]:
        return [
            message
            for thread in self._conversations.threads_of(person.id)
            for message in thread.messages
            if message.author == "business" and "delivered" in message.ticks
        ]

    def _message_of(self, person: Person, wamid: str, phone_number_id: str | None = None) -> Message:
        message = self._conversations.find(wamid)
        if message is None or message.wa_id != person.id:
            raise Refused(f"{person.id} has no message {wamid}", http=404)
        if phone_number_id is None and message.author != "business":
            raise Refused(f"message {wamid} was written by {person.id} and cannot be read by them")
        if phone_number_id is not None and message.phone_number_id != phone_number_id:
            raise Refused(f"message {wamid} belongs to another chat; reply in that one")
        return message
