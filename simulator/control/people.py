"""Makes people, changes who they are, puts their phones online and offline, and shows their chats.

Called over HTTP by tests, by the simulator's phone page and by people with curl. What they write is in `writing.py`,
what else they do in `gestures.py`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from simulator.control.chats import chat_shown
from simulator.control.requests import answering, body_of, found, path_id
from simulator.errors import Refused
from simulator.hands.identities import Identities
from simulator.state import Behaviour, Person
from simulator.world import World

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Bsuid = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\.[0-9A-Za-z.]{1,140}$")]
Username = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9._]{3,35}$")]

_SHORTEST, _LONGEST = 7, 15


class PersonBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    bsuid: Bsuid | None = None
    online: bool = True
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)
    username: Username | None = None
    parent_bsuid: Bsuid | None = None
    hides_phone: bool = False


class PersonChanges(msgspec.Struct, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    username: Username | UnsetType | None = UNSET
    parent_bsuid: Bsuid | UnsetType | None = UNSET
    hides_phone: bool | UnsetType = UNSET
    behaviour: Behaviour | UnsetType = UNSET


class OnlineBody(msgspec.Struct, forbid_unknown_fields=True):
    online: bool


class NumberBody(msgspec.Struct, forbid_unknown_fields=True):
    wa_id: str


class UserIdBody(msgspec.Struct, forbid_unknown_fields=True):
    bsuid: Bsuid


class PeopleEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._identities = Identities(world)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/people", answering(self.list_people)),
            web.get("/_sim/people/{wa_id}", answering(self.show_person)),
            web.put("/_sim/people/{wa_id}", answering(self.put_person)),
            web.patch("/_sim/people/{wa_id}", answering(self.patch_person)),
            web.put("/_sim/people/{wa_id}/online", answering(self.put_online)),
            web.post("/_sim/people/{wa_id}/number", answering(self.change_number)),
            web.post("/_sim/people/{wa_id}/user-id", answering(self.change_user_id)),
            web.post("/_sim/people/{wa_id}/reinstall", answering(self.reinstall)),
            web.get("/_sim/people/{wa_id}/chat", answering(self.show_chat)),
        ]

    async def list_people(self, _request: web.Request) -> object:
        return {"data": list(self._store.people.values())}

    async def show_person(self, request: web.Request) -> object:
        return person_of(self._world, request)

    async def put_person(self, request: web.Request) -> object:
        wa_id = _checked(path_id(request, "wa_id"))
        body = await body_of(request, PersonBody)
        return self._keep(Person(wa_id, **msgspec.structs.asdict(body)))

    async def patch_person(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, PersonChanges)
        changes = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
        return self._keep(msgspec.structs.replace(person, **changes))

    async def put_online(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, OnlineBody)
        return self._keep(msgspec.structs.replace(person, online=body.online))

    async def change_number(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, NumberBody)
        return self._identities.change_number(_living(person), _checked(body.wa_id))

    async def change_user_id(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, UserIdBody)
        return self._identities.change_user_id(_living(person), body.bsuid)

    async def reinstall(self, request: web.Request) -> object:
        return self._identities.reinstall(_living(person_of(self._world, request)))

    async def show_chat(self, request: web.Request) -> object:
        return chat_shown(self._world, person_of(self._world, request))

    def _keep(self, person: Person) -> Person:
        self._store.put(person)
        if person.online:
            self._world.phones.connect(person)
        return person


def person_of(world: World, request: web.Request) -> Person:
    return found(world.store.people, path_id(request, "wa_id"), "person")


def _living(person: Person) -> Person:
    if person.moved_to is not None:
        raise Refused(f"{person.id} is nobody's number any more; it is now {person.moved_to}", http=409)
    return person


def _checked(wa_id: str) -> str:
    if not (wa_id.isascii() and wa_id.isdigit() and _SHORTEST <= len(wa_id) <= _LONGEST):
        raise Refused("wa_id must be a phone number of 7 to 15 digits with its country code, like 15550100001")
    return wa_id
