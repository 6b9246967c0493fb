"""Makes people and moves their phones: write, read, go offline, look at the chats.

Called over HTTP by tests, by the simulator's phone page and by people with curl.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found, path_id
from simulator.control.sent_media import SentMedia, media_content
from simulator.conversations import Message, Thread
from simulator.errors import Refused
from simulator.state import Behaviour, Number, Person
from simulator.world import World

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Bsuid = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\.[0-9A-Za-z.]{1,140}$")]
Body = Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]

_SHORTEST, _LONGEST = 7, 15


class PersonBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    bsuid: Bsuid | None = None
    online: bool = True
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)


class WriteBody(SentMedia, kw_only=True, forbid_unknown_fields=True):
    """A text, or a file."""

    to: str
    text: Body | None = None
    reply_to: str | None = None


class ReadBody(msgspec.Struct, forbid_unknown_fields=True):
    message_ids: list[str] | None = None
    all: bool = False


class OnlineBody(msgspec.Struct, forbid_unknown_fields=True):
    online: bool


class PeopleEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/people", answering(self.list_people)),
            web.get("/_sim/people/{wa_id}", answering(self.show_person)),
            web.put("/_sim/people/{wa_id}", answering(self.put_person)),
            web.put("/_sim/people/{wa_id}/online", answering(self.put_online)),
            web.get("/_sim/people/{wa_id}/chat", answering(self.show_chat)),
            web.post("/_sim/people/{wa_id}/messages", answering(self.write)),
            web.post("/_sim/people/{wa_id}/read", answering(self.read)),
        ]

    async def list_people(self, _request: web.Request) -> object:
        return {"data": list(self._store.people.values())}

    async def show_person(self, request: web.Request) -> object:
        return self._person(request)

    async def put_person(self, request: web.Request) -> object:
        wa_id = path_id(request, "wa_id")
        if not _SHORTEST <= len(wa_id) <= _LONGEST:
            raise Refused("wa_id must be a phone number of 7 to 15 digits with its country code, like 15550100001")
        body = await body_of(request, PersonBody)
        return self._keep(Person(wa_id, body.name, body.bsuid, body.online, body.behaviour))

    async def put_online(self, request: web.Request) -> object:
        person = self._person(request)
        body = await body_of(request, OnlineBody)
        return self._keep(msgspec.structs.replace(person, online=body.online))

    async def show_chat(self, request: web.Request) -> object:
        person = self._person(request)
        threads = self._world.conversations.threads_of(person.id)
        now = self._world.clock.now()
        return {
            "wa_id": person.id,
            "name": person.name,
            "threads": [
                _thread_shown(thread, number, now)
                for thread in threads
                if (number := self._store.numbers.get(thread.phone_number_id))
            ],
        }

    async def write(self, request: web.Request) -> object:
        person = self._person(request)
        body = await body_of(request, WriteBody)
        number = found(self._store.numbers, body.to, "number")
        content = self._content(body, number, origin=f"{request.scheme}://{request.host}")
        return {"id": self._world.phones.send(person, number, content, body.reply_to).wamid}

    async def read(self, request: web.Request) -> object:
        person = self._person(request)
        body = await body_of(request, ReadBody)
        if (body.message_ids is None) is not body.all:
            raise Refused('say what to read: either {"message_ids": [...]} or {"all": true}')
        return {"read": self._world.phones.read(person, body.message_ids)}

    def _content(self, body: WriteBody, number: Number, *, origin: str) -> dict[str, object]:
        if (body.text is None) is not body.names_a_file:
            raise Refused("say what to send: either a text, or a file as a sample or a media_id")
        if body.text is None:
            return media_content(self._world, number, body, origin=origin)
        if body.type not in (None, "text"):
            raise Refused(f"a text cannot be sent as {body.type}; a file can have a caption")
        return {"type": "text", "text": {"body": body.text}}

    def _person(self, request: web.Request) -> Person:
        return found(self._store.people, path_id(request, "wa_id"), "person")

    def _keep(self, person: Person) -> Person:
        self._store.put(person)
        if person.online:
            self._world.phones.connect(person)
        return person


def _thread_shown(thread: Thread, number: Number, now: float) -> object:
    return {
        "phone_number_id": number.id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "window_open_until": thread.window_open_until(),
        "typing": now < thread.typing_until,
        "messages": [_message_shown(message) for message in thread.messages],
    }


def _message_shown(message: Message) -> object:
    return {
        "id": message.wamid,
        "from": message.author,
        "at": message.at,
        **message.content,
        "reply_to": message.reply_to,
        "ticks": message.ticks,
        "failed_with": message.failure if "failed" in message.ticks else None,
    }
