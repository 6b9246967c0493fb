"""Groups of the simulated world: PUT makes or replaces one, GET shows it with what is pinned in it.

Called over HTTP by tests and by people with curl. Making groups through Graph is not simulated.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found, path_group_id
from simulator.errors import Refused
from simulator.state import PARTICIPANTS_LIMIT, Group, Id
from simulator.world import World

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class GroupBody(msgspec.Struct, forbid_unknown_fields=True):
    phone_number_id: Id
    subject: Text = "Simulated group"
    participants: Annotated[list[Id], msgspec.Meta(max_length=PARTICIPANTS_LIMIT)] = []


class GroupEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/groups", answering(self.list_groups)),
            web.get("/_sim/groups/{group_id}", answering(self.show_group)),
            web.put("/_sim/groups/{group_id}", answering(self.put_group)),
        ]

    async def list_groups(self, _request: web.Request) -> object:
        return {"data": list(self._store.groups.values())}

    async def show_group(self, request: web.Request) -> object:
        """With what is pinned in it."""
        group = found(self._store.groups, path_group_id(request), "group")
        thread = self._world.conversations.thread(group.id, group.phone_number_id)
        return {**msgspec.structs.asdict(group), "pinned": thread.pinned(self._world.clock.now())}

    async def put_group(self, request: web.Request) -> object:
        id_ = path_group_id(request)
        body = await body_of(request, GroupBody)
        found(self._store.numbers, body.phone_number_id, "number")
        for wa_id in body.participants:
            found(self._store.people, wa_id, "person")
        if id_ in self._store.people or id_ in self._store.numbers or id_ in self._store.wabas:
            raise Refused(f"{id_} is already the id of something else; choose another one", http=409)
        group = Group(id_, body.phone_number_id, body.subject, list(dict.fromkeys(body.participants)))
        self._store.put(group)
        return group
