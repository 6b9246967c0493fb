"""The chats of a person as the control API and the phone page show them."""

from __future__ import annotations

from simulator.conversations import Message, Thread
from simulator.phones.choices import choices_of, request_of
from simulator.state import Number, Person
from simulator.world import World


def chat_shown(world: World, person: Person) -> object:
    now = world.clock.now()
    return {
        "wa_id": person.id,
        "name": person.name,
        "online": world.phones.is_online(person),
        "threads": [
            {**_thread_shown(world, thread, number, now), "blocked": number.id in person.blocked}
            for thread in world.phones.chats_of(person)
            if (number := world.store.numbers.get(thread.phone_number_id))
        ],
    }


def _thread_shown(world: World, thread: Thread, number: Number, now: float) -> dict[str, object]:
    messages = world.conversations.messages_of(thread)
    return {
        "phone_number_id": number.id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "window_open_until": thread.window_open_until(),
        "typing": now < thread.typing_until,
        "answering": now < thread.answering_until,
        "group_id": next((message.group_id for message in messages), None),
        "messages": [_message_shown(message) for message in messages],
    }


def _message_shown(message: Message) -> dict[str, object]:
    return {
        "id": message.wamid,
        "from": message.author,
        "wa_id": message.wa_id if message.author == "person" else None,
        "at": message.at,
        **message.content,
        "reply_to": message.reply_to,
        "group_id": message.group_id,
        "context": message.context or None,
        "ticks": message.ticks,
        "failed_with": message.failure if "failed" in message.ticks else None,
        "reactions": message.reactions,
        "edited": message.edited,
        "revoked": message.revoked,
        "choices": [choice.as_json() for choice in choices_of(message)],
        "asks_for": request_of(message),
    }
