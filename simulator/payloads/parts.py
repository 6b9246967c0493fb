"""What the values of all fields are made of: where they are told, the head with the number, people, errors.

Called by the other modules of this package. Nothing here decides what is told.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from simulator.ids import bsuid
from simulator.payloads.errors import PAGE, reason
from simulator.state import Number, Person, Waba

Payload = dict[str, Any]

_T = TypeVar("_T")
Maybe = Annotated[_T | UnsetType, "left out of the payload while it is UNSET"]

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
MetaId = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")]
Instant = Annotated[int, msgspec.Meta(ge=0, lt=4_102_444_800)]


class Scene(msgspec.Struct):
    """Where and when something is told. `old` is true for an app whose subscription is of Graph v23 or below."""

    waba: Waba
    number: Number | None
    at: float
    old: bool = False

    def the_number(self) -> Number:
        if self.number is None:
            raise ValueError("this field is about a number; give its phone_number_id")
        return self.number


class Value(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is told about an account: the attributes are the keys, and the entry has the time."""

    needs_number: ClassVar[bool] = False
    has_time: ClassVar[bool] = True

    def entry_id(self, scene: Scene) -> str:
        return scene.waba.id

    def payload(self, scene: Scene) -> Payload:
        """The `value` as Meta sends it there."""
        return self.own()

    def own(self) -> Payload:
        """The attributes that are set."""
        built: Payload = msgspec.to_builtins(self)
        return built


class OfNumber(Value, kw_only=True):
    """What is told about a number; its display number, digits only, is in the value."""

    needs_number: ClassVar[bool] = True

    def payload(self, scene: Scene) -> Payload:
        return {"display_phone_number": scene.the_number().digits, **self.own()}


class InChats(Value, kw_only=True):
    """What is told about the chats, calls and groups of a number; the value begins with the number."""

    needs_number: ClassVar[bool] = True
    has_time: ClassVar[bool] = False

    def payload(self, scene: Scene) -> Payload:
        return {**head(scene.the_number()), **self.own()}


class ErrorData(msgspec.Struct):
    details: str


class Error(msgspec.Struct, kw_only=True):
    """An error inside a webhook. From the code alone comes everything else that Meta says with it."""

    code: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    title: Maybe[str] = UNSET
    message: Maybe[str] = UNSET
    error_data: Maybe[ErrorData] = UNSET
    href: Maybe[str] = UNSET

    def __post_init__(self) -> None:
        if self.title is UNSET:
            self.title, details = reason(self.code)
            self.message = self.title
            self.error_data = ErrorData(details) if self.error_data is UNSET else self.error_data


def error(code: int, details: str | None = None) -> Payload:
    """What Meta says in a status with this code, with the usual details or with these."""
    said = UNSET if details is None else ErrorData(details)
    made: Payload = msgspec.to_builtins(Error(code=code, error_data=said, href=PAGE))
    return made


def head(number: Number) -> Payload:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.digits, "phone_number_id": number.id},
    }


def user_id_of(person: Person, waba: Waba) -> str:
    return person.bsuid or bsuid(person.id, waba.business_id)


def contact(person: Person, waba: Waba, *, with_username: bool = True, identity: bool = False) -> Payload:
    """An element of `contacts`. The phone of someone who hides it is left out (Meta: business-scoped user ids)."""
    profile: Payload = {"name": person.name}
    if with_username and person.username is not None:
        profile["username"] = f"@{person.username}"
    made: Payload = {"profile": profile}
    if not person.hides_phone:
        made["wa_id"] = person.id
    made["user_id"] = user_id_of(person, waba)
    if person.parent_bsuid is not None:
        made["parent_user_id"] = person.parent_bsuid
    if identity:
        made["identity_key_hash"] = person.identity_key_hash
    return made


def named(person: Person, waba: Waba, *, phone: str, user: str, parent: str) -> Payload:
    """The names of a person under the keys of the place: only those that the business may see."""
    made: Payload = {} if person.hides_phone else {phone: person.id}
    made[user] = user_id_of(person, waba)
    if person.parent_bsuid is not None:
        made[parent] = person.parent_bsuid
    return made
