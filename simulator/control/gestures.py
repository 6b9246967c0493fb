"""What else people do with their phones: read, listen, tap, react, edit, delete, forward, block, opt out, call.

Called over HTTP by tests, by the simulator's phone page and by people with curl. Each call answers with the id of the
message that the product gets, where there is one.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from aiohttp import web

from simulator.control.people import person_of
from simulator.control.requests import answering, body_of, found, path_group_id
from simulator.errors import Refused
from simulator.hands.calling import Calling
from simulator.hands.gestures import Gestures
from simulator.payloads.messages import Place
from simulator.state import Number
from simulator.world import World

Emoji = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]


class ReadBody(msgspec.Struct, forbid_unknown_fields=True):
    message_ids: list[str] | None = None
    all: bool = False


class MessageBody(msgspec.Struct, forbid_unknown_fields=True):
    message_id: str


class TapBody(MessageBody, forbid_unknown_fields=True):
    """`choice`: the id, payload or title of what is tapped."""

    choice: str


class AnswerBody(MessageBody, forbid_unknown_fields=True):
    """The answer to what a message asks for; one of them. A phone is given with `share_phone`."""

    flow_response: dict[str, Any] | None = None
    accept_calls: bool | None = None
    always: bool = False
    location: Place | None = None
    share_phone: bool = False


class ReactionBody(MessageBody, forbid_unknown_fields=True):
    """Without an emoji the reaction is taken away."""

    emoji: Emoji | None = None


class EditBody(MessageBody, forbid_unknown_fields=True):
    text: Words


class ForwardBody(MessageBody, forbid_unknown_fields=True):
    to: str
    often: bool = False


class CallBody(msgspec.Struct, forbid_unknown_fields=True):
    """`lasts_s`: simulated seconds until it ends; without an answer that long it rings."""

    to: str
    answered: bool = True
    lasts_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 30.0


class MarketingBody(msgspec.Struct, forbid_unknown_fields=True):
    wanted: bool


class GestureEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._gestures = Gestures(world)
        self._calling = Calling(world)

    def routes(self) -> list[web.RouteDef]:
        person = "/_sim/people/{wa_id}"
        return [
            web.post(f"{person}/read", answering(self.read)),
            web.post(f"{person}/plays", answering(self.listen)),
            web.post(f"{person}/taps", answering(self.tap)),
            web.post(f"{person}/answers", answering(self.answer)),
            web.post(f"{person}/reactions", answering(self.react)),
            web.post(f"{person}/edits", answering(self.edit)),
            web.post(f"{person}/deletions", answering(self.delete)),
            web.post(f"{person}/forwards", answering(self.forward)),
            web.post(f"{person}/calls", answering(self.call)),
            web.put(f"{person}/blocked/{{phone_number_id}}", answering(self.block)),
            web.delete(f"{person}/blocked/{{phone_number_id}}", answering(self.unblock)),
            web.put(f"{person}/groups/{{group_id}}", answering(self.join)),
            web.delete(f"{person}/groups/{{group_id}}", answering(self.leave)),
            web.put(f"{person}/marketing/{{phone_number_id}}", answering(self.want_marketing)),
        ]

    async def read(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, ReadBody)
        if (body.message_ids is None) is not body.all:
            raise Refused('say what to read: either {"message_ids": [...]} or {"all": true}')
        return {"read": self._world.phones.read(person, body.message_ids)}

    async def listen(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, MessageBody)
        return {"played": self._world.phones.listen(person, body.message_id)}

    async def tap(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, TapBody)
        return {"id": self._gestures.tap(person, body.message_id, body.choice).wamid}

    async def answer(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, AnswerBody)
        gestures, wamid = self._gestures, body.message_id
        match body:
            case AnswerBody(flow_response=dict() as response):
                message = gestures.send_flow(person, wamid, response)
            case AnswerBody(accept_calls=bool() as accepts):
                message = gestures.answer_call_request(person, wamid, accepts=accepts, always=body.always)
            case AnswerBody(location=Place() as place):
                message = gestures.share_location(person, wamid, place)
            case AnswerBody(share_phone=True):
                message = gestures.share_phone(person, wamid)
            case _:
                raise Refused("say what to answer: flow_response, accept_calls, location or share_phone")
        return {"id": message.wamid}

    async def react(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, ReactionBody)
        return {"id": self._gestures.react(person, body.message_id, body.emoji).wamid}

    async def edit(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, EditBody)
        return {"id": self._gestures.edit(person, body.message_id, body.text).wamid}

    async def delete(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, MessageBody)
        return {"id": self._gestures.revoke(person, body.message_id).wamid}

    async def forward(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, ForwardBody)
        number = found(self._world.store.numbers, body.to, "number")
        return {"id": self._gestures.forward(person, body.message_id, number, often=body.often).wamid}

    async def call(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, CallBody)
        number = found(self._world.store.numbers, body.to, "number")
        return {"id": self._calling.call(person, number, answered=body.answered, lasts_s=body.lasts_s)}

    async def block(self, request: web.Request) -> object:
        return self._gestures.block(person_of(self._world, request), self._number(request), blocked=True)

    async def unblock(self, request: web.Request) -> object:
        return self._gestures.block(person_of(self._world, request), self._number(request), blocked=False)

    async def want_marketing(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, MarketingBody)
        return self._gestures.want_marketing(person, self._number(request), wanted=body.wanted)

    async def join(self, request: web.Request) -> object:
        group = found(self._world.store.groups, path_group_id(request), "group")
        self._gestures.join(person_of(self._world, request), group)
        return self._world.store.groups[group.id]

    async def leave(self, request: web.Request) -> object:
        group = found(self._world.store.groups, path_group_id(request), "group")
        self._gestures.leave(person_of(self._world, request), group)
        return self._world.store.groups[group.id]

    def _number(self, request: web.Request) -> Number:
        return found(self._world.store.numbers, request.match_info["phone_number_id"], "number")
