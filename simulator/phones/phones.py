"""Phones: they receive, tick, are read, go offline, and write.

The carrier hands business messages to `receive`; people's own initiative is in `habits.py`, everything else that hands
can do in the package `hands`.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.clock import Clock
from simulator.conversations import Conversations, Message, Thread
from simulator.emitter import Emitter
from simulator.errors import Refused
from simulator.ids import Ids
from simulator.media import MediaShelf
from simulator.payloads.statuses import UNDELIVERABLE
from simulator.phones.habits import Habits
from simulator.randomness import Streams
from simulator.scheduler import Scheduler
from simulator.state import Number, Person, Store
from simulator.waiting import Waiting


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
        media: MediaShelf,
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._emitter = emitter
        self._clock = clock
        self._ids = ids
        self._waiting = waiting
        self._away: set[str] = set()
        self._habits = Habits(
            phones=self,
            store=store,
            conversations=conversations,
            emitter=emitter,
            scheduler=scheduler,
            streams=streams,
            clock=clock,
            media=media,
        )

    def refusal(self, message: Message) -> int | None:
        """Why this message will not reach the phone, as the code of its failed status; None when it will.

        Nobody has the number, or its owner blocked the business (Meta: error codes).
        """
        if message.group_id is not None:
            return None
        person = self._store.person_at(message.wa_id)
        if person is None or message.phone_number_id in person.blocked:
            return UNDELIVERABLE
        return None

    def receive(self, wamid: str) -> None:
        """A business's message has reached the network of the person: deliver it, now or when they are online."""
        message = self._conversations.known(wamid)
        if self._waiting.drop_expired(message):
            return
        if message.group_id is not None:
            self._receive_in_group(message, self._participants(message))
            return
        person = self._store.person_at(message.wa_id)
        if person is None:
            self._emitter.status(message, "failed", None)
        elif self.is_online(person):
            self._arrive(message, person)
        else:
            self._waiting.add(message, person.id)

    def is_online(self, person: Person) -> bool:
        return person.online and person.id not in self._away

    def write(self, person: Person, number: Number, text: str, reply_to: str | None = None) -> Message:
        """The person sends a text to a business number. Raises as `send` does."""
        return self.send(person, number, {"type": "text", "text": {"body": text}}, reply_to)

    def send(
        self,
        person: Person,
        number: Number,
        content: dict[str, object],
        reply_to: str | None = None,
        *,
        context: dict[str, object] | None = None,
        referral: dict[str, object] | None = None,
        group_id: str | None = None,
    ) -> Message:
        """The person sends any message; `content` is its `type` and its object, as webhooks have them.

        Raises:
            Refused: the phone is offline or blocks the number, or `reply_to` is not a message of that chat.
        """
        self.check_can_act(person, number.id)
        if group_id is not None and not self._is_in(group_id, person):
            raise Refused(f"{person.id} is not in a group {group_id}; PUT the group with them first", http=404)
        answered = self.message_of(person, reply_to, number.id) if reply_to is not None else None
        message = Message(
            wamid=self._ids.wamid_of_person(person.id),
            author="person",
            phone_number_id=number.id,
            wa_id=person.id,
            at=self._clock.now(),
            content=content,
            reply_to=reply_to,
            context=context or {},
            referral=referral,
            group_id=group_id,
            replies_to_person=answered is not None and answered.author == "person",
        )
        self._conversations.add(message)
        self._emitter.inbound(message, person)
        return message

    def read(self, person: Person, wamids: Iterable[str] | None) -> list[str]:
        """Read these messages, or all delivered ones; returns the ids of those that had not been read before.

        Raises:
            Refused: one of them is not a delivered message to this person; nothing is read then.
        """
        chosen = self._delivered(person) if wamids is None else [self._to_them(person, id_) for id_ in wamids]
        unread = [message for message in chosen if not message.has("read", person.id)]
        for message in unread:
            _check_delivered(message, person)
        for message in unread:
            self._emitter.status(message, "read", person)
        return [message.wamid for message in unread]

    def listen(self, person: Person, wamid: str) -> bool:
        """Listen to a voice note; false when they had before (Meta: played status).

        Raises:
            Refused: it is no voice note, or has not been delivered to this person.
        """
        message = self._to_them(person, wamid)
        audio = message.content.get("audio")
        if not (isinstance(audio, dict) and audio.get("voice")):
            raise Refused(f"message {wamid} is no voice note; only those are listened to")
        _check_delivered(message, person)
        self.read(person, [wamid])
        if message.has("played", person.id):
            return False
        self._emitter.status(message, "played", person)
        return True

    def connect(self, person: Person) -> None:
        """The phone is online again: what waited for it is delivered, in order."""
        self._away.discard(person.id)
        for message in self._waiting.take(person.id):
            if message.group_id is not None and not self._waiting.drop_expired(message):
                self._receive_in_group(message, [person])
            elif message.group_id is None:
                self.receive(message.wamid)

    def go_away(self, person: Person) -> None:
        """Offline for a while by their own habit; `connect` ends it."""
        self._away.add(person.id)

    def move(self, old: Person, new: Person) -> None:
        """What waited for the old number waits for the new one."""
        for message in self._waiting.take(old.id):
            self._waiting.add(message, new.id)
        if self.is_online(new):
            self.connect(new)

    def resume_reading(self, message: Message) -> None:
        """After a restart: a delivered message may still have to be read."""
        people = [self._store.person_at(message.wa_id)] if message.group_id is None else self._participants(message)
        for person in people:
            if person is not None:
                self._habits.read_later(message, person)

    def check_can_act(self, person: Person, phone_number_id: str) -> None:
        """Raises Refused when the phone cannot send anything to this number now."""
        if person.moved_to is not None:
            raise Refused(f"{person.id} is nobody's number any more; it is now {person.moved_to}", http=409)
        if not self.is_online(person):
            raise Refused(f"the phone of {person.id} is offline; put it online first", http=409)
        if phone_number_id in person.blocked:
            raise Refused(f"{person.id} has blocked {phone_number_id}; unblock it first", http=409)

    def message_of(self, person: Person, wamid: str, phone_number_id: str | None = None) -> Message:
        """A message of this person's chats, or of the one with that number.

        Raises:
            Refused: there is no such message there.
        """
        message = self._conversations.find(wamid)
        if message is None or not (message.wa_id == person.id or self._is_in(message.group_id, person)):
            raise Refused(f"{person.id} has no message {wamid}", http=404)
        if phone_number_id is not None and message.phone_number_id != phone_number_id:
            raise Refused(f"message {wamid} belongs to another chat; reply in that one")
        return message

    def chats_of(self, person: Person) -> list[Thread]:
        """Their own chats, then those of the groups that they are in."""
        groups = [group.id for group in self._store.groups.values() if person.id in group.participants]
        return [thread for id_ in (person.id, *groups) for thread in self._conversations.threads_of(id_)]

    def _participants(self, message: Message) -> list[Person]:
        group = self._store.groups.get(message.group_id or "")
        people = [self._store.person_at(id_) for id_ in group.participants] if group is not None else []
        return [person for person in people if person is not None and message.phone_number_id not in person.blocked]

    def _is_in(self, group_id: str | None, person: Person) -> bool:
        group = self._store.groups.get(group_id or "")
        return group is not None and person.id in group.participants

    def _receive_in_group(self, message: Message, people: list[Person]) -> None:
        """Those who are online get it at once, and share a status; it waits for the others."""
        online = [person for person in people if self.is_online(person)]
        for person in people:
            if person not in online:
                self._waiting.add(message, person.id)
        if online:
            self._emitter.statuses(message, "delivered", online)
        for person in online:
            self._habits.react(message, person)

    def _arrive(self, message: Message, person: Person) -> None:
        if not self._habits.skips_delivered(message, person):
            self._emitter.status(message, "delivered", person)
        self._habits.react(message, person)

    def _delivered(self, person: Person) -> list[Message]:
        return [
            message
            for thread in self.chats_of(person)
            for message in self._conversations.messages_of(thread)
            if message.author == "business" and message.has("delivered", person.id)
        ]

    def _to_them(self, person: Person, wamid: str) -> Message:
        message = self.message_of(person, wamid)
        if message.author != "business":
            raise Refused(f"message {wamid} was written by {person.id} and cannot be read by them")
        return message


def _check_delivered(message: Message, person: Person) -> None:
    if not message.has("delivered", person.id):
        raise Refused(f"message {message.wamid} has not been delivered yet", http=409)
