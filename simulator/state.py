"""The configuration of the simulated world: apps, accounts, numbers, tokens, people, settings.

Read by everyone; changed only through `Store.put` and `Store.settle`, which tell the journal first, so that
an answered change survives a kill. What people write to each other is in `conversations.py`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Protocol

import msgspec

from simulator.ids import bsuid, parent_of
from simulator.settings import Settings

Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")]


class App(msgspec.Struct):
    """A Meta app: its secret signs the webhooks that go to its callback."""

    id: str
    name: str
    app_secret: str
    callback_url: str | None = None
    verify_token: str | None = None


class Waba(msgspec.Struct):
    id: str
    name: str
    business_id: str
    subscribed_apps: list[str] = []
    direct_send: bool = False


class Number(msgspec.Struct):
    id: str
    waba_id: str
    display_phone_number: str
    verified_name: str
    throughput_mps: int = 80

    @property
    def digits(self) -> str:
        return _digits(self.display_phone_number)


@lru_cache(maxsize=10_000)
def _digits(display_phone_number: str) -> str:
    return "".join(c for c in display_phone_number if c.isdigit())


class Token(msgspec.Struct):
    """`id` is the token itself, as the product sends it."""

    id: str
    app_id: str
    waba_ids: list[str] = []


class Behaviour(msgspec.Struct, forbid_unknown_fields=True):
    """What a person does without being told. `reply_every` n: answers every n-th delivered text; 0: never."""

    reads: bool = True
    read_delay_s: Annotated[float, msgspec.Meta(ge=0, le=604_800)] = 2.0
    reply_every: Annotated[int, msgspec.Meta(ge=0)] = 0
    reply_text: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] = "Thank you, that helps."


class Person(msgspec.Struct):
    """Someone with WhatsApp. Without a `bsuid` of their own they get one for each business portfolio."""

    id: str
    name: str
    bsuid: str | None = None
    online: bool = True
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)


class Group(msgspec.Struct):
    """A group that a number has made; `participants` are the people in it besides the business."""

    id: str
    phone_number_id: str
    subject: str
    participants: list[str] = []


Record = App | Waba | Number | Token | Person | Group


class Journal(Protocol):
    def record(self, kind: str, value: Record | Settings) -> None: ...


class Store:
    def __init__(self, journal: Journal | None = None) -> None:
        self.journal = journal
        self.apps: dict[str, App] = {}
        self.wabas: dict[str, Waba] = {}
        self.numbers: dict[str, Number] = {}
        self.tokens: dict[str, Token] = {}
        self.people: dict[str, Person] = {}
        self.groups: dict[str, Group] = {}
        self.settings = Settings()
        self._known_by_user_id: dict[tuple[str, str], str] = {}

    def put(self, value: Record) -> None:
        """Keep a new or changed record; it is on disk (when there is a disk) before this returns."""
        kind, records = self._records_of(value)
        if self.journal is not None:
            self.journal.record(kind, value)
        records[value.id] = value

    def settle(self, settings: Settings) -> None:
        if self.journal is not None:
            self.journal.record("settings", settings)
        self.settings = settings

    def app_ids_for(self, waba: Waba) -> list[str]:
        """The apps that get the webhooks of this account: subscribed, and with a verified callback."""
        return [id_ for id_ in waba.subscribed_apps if (app := self.apps.get(id_)) and app.callback_url]

    def waba_of(self, number: Number) -> Waba:
        return self.wabas[number.waba_id]

    def person_with(self, user_id: str, waba: Waba) -> Person | None:
        """Whoever has this business-scoped user id, or its parent, in the portfolio of the account."""
        key = (waba.business_id, user_id)
        known = self.people.get(self._known_by_user_id.get(key, ""))
        if known is not None and _has_user_id(known, user_id, waba):
            return known
        found = next((person for person in self.people.values() if _has_user_id(person, user_id, waba)), None)
        if found is not None:
            self._known_by_user_id[key] = found.id
        return found

    def _records_of(self, value: Record) -> tuple[str, dict[str, Record]]:
        match value:
            case App():
                return "app", self.apps  # type: ignore[return-value]  # each dict holds just its own kind
            case Waba():
                return "waba", self.wabas  # type: ignore[return-value]  # as above
            case Number():
                return "number", self.numbers  # type: ignore[return-value]  # as above
            case Token():
                return "token", self.tokens  # type: ignore[return-value]  # as above
            case Person():
                return "person", self.people  # type: ignore[return-value]  # as above
            case Group():
                return "group", self.groups  # type: ignore[return-value]  # as above


def _has_user_id(person: Person, user_id: str, waba: Waba) -> bool:
    own = person.bsuid or bsuid(person.id, waba.business_id)
    return user_id in (own, parent_of(own))
