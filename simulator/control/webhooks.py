"""Tells the product anything that Meta may tell: `POST /_sim/webhooks` by typed arguments, `…/raw` as it is given.

Called over HTTP by tests and people with curl. Both go through the ledger, the planned faults and the retries like
what happens by itself.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found
from simulator.conversations import Message
from simulator.errors import Refused
from simulator.payloads.fields import FIELDS, MESSAGES, WITHOUT_PAYLOAD
from simulator.payloads.messages import AnyContent, ErrorsOnly, Referral
from simulator.payloads.parts import Value
from simulator.payloads.statuses import StatusName
from simulator.state import Id, Number, Waba
from simulator.world import World

FieldName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]{1,128}$")]

_PLACES = ("field", "waba_id", "phone_number_id", "business_id")


class PlaceBody(msgspec.Struct):
    """Where it is told: the number, or its account, or all accounts of a portfolio."""

    field: FieldName
    phone_number_id: Id | None = None
    waba_id: Id | None = None
    business_id: Id | None = None


class RawBody(PlaceBody, forbid_unknown_fields=True):
    """`entry_id` and `entry_time` are those of the entry; the account, and none, if they are not given."""

    value: Any = msgspec.field(default_factory=dict)
    entry_id: str | None = None
    entry_time: bool = False


class InboundBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message from someone, whatever their phone would allow. The content follows with its `type`."""

    from_: Id = msgspec.field(name="from")
    reply_to: str | None = None
    context: dict[str, Any] = {}
    referral: Referral | None = None
    group_id: str | None = None


class StatusBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A status of a message that was sent. `code` is why it failed."""

    id: str
    status: StatusName
    code: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None = None
    participants: list[Id] | None = None


class WebhookEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/webhooks", answering(self.list_fields)),
            web.post("/_sim/webhooks", answering(self.tell)),
            web.post("/_sim/webhooks/raw", answering(self.tell_raw)),
        ]

    async def list_fields(self, _request: web.Request) -> object:
        return {"fields": sorted([MESSAGES, *FIELDS]), "only_raw": list(WITHOUT_PAYLOAD)}

    async def tell(self, request: web.Request) -> object:
        place = await body_of(request, PlaceBody)
        everything = await body_of(request, dict[str, Any])
        arguments = {name: value for name, value in everything.items() if name not in _PLACES}
        before = self._world.ledger.last_seq
        if place.field == MESSAGES:
            self._tell_messages(self._number(place), arguments)
        else:
            self._tell_field(place, arguments)
        return self._told_since(before)

    async def tell_raw(self, request: web.Request) -> object:
        body = await body_of(request, RawBody)
        before = self._world.ledger.last_seq
        for waba, number in self._places(body):
            self._world.emitter.raw(
                body.field,
                body.value,
                waba=waba,
                number=number,
                entry_id=body.entry_id or waba.id,
                has_time=body.entry_time,
            )
        return self._told_since(before)

    def _tell_field(self, place: PlaceBody, arguments: dict[str, Any]) -> None:
        type_ = FIELDS.get(place.field)
        if type_ is None:
            raise Refused(f"{place.field} has no payload that is known here; give its value to /_sim/webhooks/raw")
        value: Value = _converted(arguments, type_)
        places = self._places(place)
        if value.needs_number and any(number is None for _, number in places):
            raise Refused(f"{place.field} is about a number; give its phone_number_id")
        for waba, number in places:
            self._world.telling.tell(place.field, value, waba=waba, number=number)

    def _tell_messages(self, number: Number, arguments: dict[str, Any]) -> None:
        if "status" in arguments:
            self._tell_status(number, _converted(arguments, StatusBody))
        elif "from" in arguments:
            self._tell_inbound(number, arguments)
        else:
            value = _converted(arguments, ErrorsOnly)
            waba = self._store.waba_of(number)
            self._world.emitter.notice(MESSAGES, value, waba=waba, number=number)

    def _tell_inbound(self, number: Number, arguments: dict[str, Any]) -> None:
        names = {"from", "reply_to", "context", "referral", "group_id"}
        about: InboundBody = _converted({name: arguments[name] for name in names & arguments.keys()}, InboundBody)
        content: Any = _converted({name: arguments[name] for name in arguments.keys() - names}, AnyContent)
        person = found(self._store.people, about.from_, "person")
        message = Message(
            wamid=self._world.ids.wamid_of_person(person.id),
            author="person",
            phone_number_id=number.id,
            wa_id=person.id,
            at=self._world.clock.now(),
            content=content.as_json(),
            reply_to=about.reply_to,
            context=about.context,
            referral=None if about.referral is None else msgspec.to_builtins(about.referral),
            group_id=about.group_id,
        )
        self._world.conversations.add(message)
        self._world.emitter.inbound(message, person)

    def _tell_status(self, number: Number, body: StatusBody) -> None:
        message = self._world.conversations.find(body.id)
        if message is None or message.author != "business" or message.phone_number_id != number.id:
            raise Refused(
                f"{number.id} has sent no message {body.id}; any id can go through /_sim/webhooks/raw", http=404
            )
        if body.participants is None:
            people = [self._store.person_at(message.wa_id)]
        else:
            people = [found(self._store.people, id_, "person") for id_ in body.participants]
        self._world.emitter.statuses(message, body.status, people, body.code)
        self._world.ledger.flush()

    def _number(self, place: PlaceBody) -> Number:
        if place.phone_number_id is None:
            raise Refused(f"{place.field} is about a number; give its phone_number_id")
        return found(self._store.numbers, place.phone_number_id, "number")

    def _places(self, place: PlaceBody) -> list[tuple[Waba, Number | None]]:
        if place.phone_number_id is not None:
            number = self._number(place)
            return [(self._store.waba_of(number), number)]
        if place.waba_id is not None:
            return [(found(self._store.wabas, place.waba_id, "account"), None)]
        of_portfolio = [waba for waba in self._store.wabas.values() if waba.business_id == place.business_id]
        if not of_portfolio:
            raise Refused("say where: phone_number_id, waba_id, or business_id of a portfolio that has accounts")
        return [(waba, None) for waba in of_portfolio]

    def _told_since(self, seq: int) -> object:
        """The ledger entries of what was told, and which apps will hear of it."""
        lines, _ = self._world.ledger.page(seq, 1000)
        told = [msgspec.json.decode(line) for line in lines]
        return {"told": [{"seq": one["seq"], "apps": one["apps"]} for one in told if "apps" in one]}


def _converted(arguments: dict[str, Any], type_: Any) -> Any:
    try:
        return msgspec.convert(arguments, type_)
    except (msgspec.ValidationError, ValueError) as error:
        raise Refused(f"the arguments cannot be used: {error}; see simulator/README.md for the field") from error
