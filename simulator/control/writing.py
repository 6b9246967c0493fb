"""What people write to a number: texts, files, places, contacts, orders, what the API does not carry, from an ad.

Called over HTTP by tests, by the simulator's phone page and by people with curl.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from simulator.control.people import person_of
from simulator.control.requests import answering, body_of, found
from simulator.control.sent_media import SentMedia, media_content
from simulator.errors import Refused
from simulator.payloads.messages import (
    ContactCard,
    ContactsMessage,
    Content,
    LocationMessage,
    Order,
    OrderMessage,
    Place,
    Referral,
    ReferredProduct,
    UnsupportedKind,
    UnsupportedMessage,
)
from simulator.payloads.parts import Error, ErrorData
from simulator.state import Number
from simulator.world import World

# Meta: media messages webhooks.
_TOO_LARGE = (
    "Media file size too big. Max file size we currently support: 100MB. Please communicate with your customer to send "
    "a media file that is less than 100MB."
)

Body = Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]


class WriteBody(SentMedia, kw_only=True, forbid_unknown_fields=True):
    """One of: a text, a file, a place, contacts, an order, or the name of something that the API does not carry.

    `too_large`: a file of more than 100 MB, which Meta does not fetch.
    """

    to: str
    text: Body | None = None
    location: Place | None = None
    contacts: Annotated[list[ContactCard], msgspec.Meta(min_length=1, max_length=257)] | None = None
    order: Order | None = None
    unsupported: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    too_large: Literal[True] | None = None
    reply_to: str | None = None
    referral: Referral | None = None
    referred_product: ReferredProduct | None = None
    group_id: str | None = None

    def said(self) -> int:
        """How many contents it has; it must be one."""
        others = (self.text, self.location, self.contacts, self.order, self.unsupported, self.too_large)
        return sum(other is not None for other in others) + self.names_a_file


class WritingEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/_sim/people/{wa_id}/messages", answering(self.write))]

    async def write(self, request: web.Request) -> object:
        person = person_of(self._world, request)
        body = await body_of(request, WriteBody)
        number = found(self._world.store.numbers, body.to, "number")
        self._world.phones.check_can_act(person, number.id)
        content = self._content(body, number, origin=f"{request.scheme}://{request.host}")
        context: dict[str, object] = {}
        if body.referred_product is not None:
            context["referred_product"] = msgspec.to_builtins(body.referred_product)
        message = self._world.phones.send(
            person,
            number,
            content,
            body.reply_to,
            context=context,
            referral=None if body.referral is None else msgspec.to_builtins(body.referral),
            group_id=body.group_id,
        )
        return {"id": message.wamid}

    def _content(self, body: WriteBody, number: Number, *, origin: str) -> dict[str, object]:
        if body.said() != 1:
            raise Refused(
                "say what to send: either a text, or a file as a sample or a media_id, or one of location, contacts, "
                "order, unsupported and too_large"
            )
        if body.names_a_file:
            return media_content(self._world, number, body, origin=origin)
        if body.type not in (None, "text") or (body.text is None and body.type is not None):
            raise Refused(f"this cannot be sent as {body.type}; leave out the type, or give a file")
        return _plain(body).as_json() if body.text is None else {"type": "text", "text": {"body": body.text}}


def _plain(body: WriteBody) -> Content:
    if body.location is not None:
        return LocationMessage(location=body.location)
    if body.contacts is not None:
        return ContactsMessage(contacts=body.contacts)
    if body.order is not None:
        return OrderMessage(order=body.order)
    if body.too_large is not None:
        return UnsupportedMessage(errors=[Error(code=131052, error_data=ErrorData(_TOO_LARGE))])
    return UnsupportedMessage(unsupported=UnsupportedKind(type=body.unsupported or ""))
