"""The configuration of the simulated world: apps, accounts, numbers, tokens, people, settings.

Read by everyone; changed only through `Store.put` and `Store.settle`, which tell the journal first, so that
an answered change survives a kill. What people write to each other is in `conversations.py`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec

from simulator.ids import bsuid, parent_of
from simulator.settings import Mode, Settings
from simulator.tiers import Tier

Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")]

TemplateCategory = Literal["AUTHENTICATION", "MARKETING", "UTILITY"]
TemplateStatus = Literal[
    "APPROVED",
    "ARCHIVED",
    "DELETED",
    "DISABLED",
    "IN_APPEAL",
    "LIMIT_EXCEEDED",
    "PAUSED",
    "PENDING",
    "PENDING_DELETION",
    "REJECTED",
]


Quality = Literal["GREEN", "YELLOW", "RED", "UNKNOWN"]
NumberStatus = Literal[
    "CONNECTED",
    "PENDING",
    "FLAGGED",
    "RESTRICTED",
    "BANNED",
    "DISCONNECTED",
    "MIGRATED",
    "DELETED",
    "UNVERIFIED",
    "RATE_LIMITED",
]

Scope = Literal["whatsapp_business_management", "whatsapp_business_messaging"]

MANAGEMENT: Final = "whatsapp_business_management"
MESSAGING: Final = "whatsapp_business_messaging"


class App(msgspec.Struct):
    """A Meta app: its secret signs the webhooks that go to its callback. `previous_secret`: the one before."""

    id: str
    name: str
    app_secret: str
    callback_url: str | None = None
    verify_token: str | None = None
    previous_secret: str | None = None


class Portfolio(msgspec.Struct):
    """A business portfolio: its messaging limit is for all its accounts together, and grows at `grows_at`."""

    id: str
    name: str = "Simulated portfolio"
    messaging_limit: Tier = "TIER_UNLIMITED"
    grows_at: float | None = None


class Waba(msgspec.Struct):
    """`restrictions` are those of account_update, `ban_state` that of its ban (None: there is none)."""

    id: str
    name: str
    business_id: str
    subscribed_apps: list[str] = []
    direct_send: bool = False
    ban_state: Literal["SCHEDULE_FOR_DISABLE", "DISABLE"] | None = None
    restrictions: list[dict[str, Any]] = []
    payment_problem: bool = False


class NumberLimits(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """How the limits of one number are kept; what is not given is as in the settings."""

    throughput: Mode | None = None
    pair: Mode | None = None
    messaging: Mode | None = None


class Number(msgspec.Struct):
    """`upgrade_until`: in maintenance until then, for a higher throughput."""

    id: str
    waba_id: str
    display_phone_number: str
    verified_name: str
    throughput_mps: int = 80
    limits: NumberLimits = NumberLimits()
    upgrade_until: float | None = None
    quality_rating: Quality = "GREEN"
    status: NumberStatus = "CONNECTED"

    @property
    def digits(self) -> str:
        return _digits(self.display_phone_number)


@lru_cache(maxsize=10_000)
def _digits(display_phone_number: str) -> str:
    return "".join(c for c in display_phone_number if c.isdigit())


class Token(msgspec.Struct):
    """`id` is the token itself, as the product sends it. `revoked_with` is the subcode of its 190."""

    id: str
    app_id: str
    waba_ids: list[str] = []
    scopes: list[Scope] = msgspec.field(default_factory=lambda: [MANAGEMENT, MESSAGING])
    expires_at: float | None = None
    revoked_with: int | None = None


class Behaviour(msgspec.Struct, forbid_unknown_fields=True):
    """What a person does without being told. `reply_every` n: answers every n-th delivered text; 0: never."""

    reads: bool = True
    read_delay_s: Annotated[float, msgspec.Meta(ge=0, le=604_800)] = 2.0
    reply_every: Annotated[int, msgspec.Meta(ge=0)] = 0
    reply_text: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] = "Thank you, that helps."


class Person(msgspec.Struct):
    """Someone with WhatsApp. Without a `bsuid` of their own they get one for each business portfolio.

    `opted_out`: the numbers whose marketing they stopped.
    """

    id: str
    name: str
    bsuid: str | None = None
    online: bool = True
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)
    opted_out: list[str] = []


class Group(msgspec.Struct):
    """A group that a number has made; `participants` are the people in it besides the business."""

    id: str
    phone_number_id: str
    subject: str
    participants: list[str] = []


class Template(msgspec.Struct):
    """A message template; `components` are as Meta's create call takes them (Meta: message templates).

    While it is `held`, Meta says of sends that they wait for its quality to be assessed (Meta: template pacing).
    `pauses` counts those for its quality; the one that it is in ends at `paused_until`.
    """

    id: str
    waba_id: str
    name: str
    language: str
    category: TemplateCategory
    components: list[dict[str, Any]]
    status: TemplateStatus = "APPROVED"
    parameter_format: Literal["POSITIONAL", "NAMED"] = "POSITIONAL"
    quality: Quality = "UNKNOWN"
    held: bool = False
    pauses: int = 0
    paused_until: float | None = None


class Gone(msgspec.Struct):
    """A record that was taken away, for the journal."""

    kind: str
    id: str


Record = App | Portfolio | Waba | Number | Token | Person | Group | Template

KINDS: dict[str, type[Record]] = {
    "app": App,
    "portfolio": Portfolio,
    "waba": Waba,
    "number": Number,
    "token": Token,
    "person": Person,
    "group": Group,
    "template": Template,
}
_KIND_OF = {type_: kind for kind, type_ in KINDS.items()}


class Journal(Protocol):
    def record(self, kind: str, value: Record | Settings | Gone) -> None: ...


class Store:
    def __init__(self, journal: Journal | None = None) -> None:
        self.journal = journal
        self.apps: dict[str, App] = {}
        self.portfolios: dict[str, Portfolio] = {}
        self.wabas: dict[str, Waba] = {}
        self.numbers: dict[str, Number] = {}
        self.tokens: dict[str, Token] = {}
        self.people: dict[str, Person] = {}
        self.groups: dict[str, Group] = {}
        self.templates: dict[str, Template] = {}
        self.by_kind: dict[str, dict[str, Any]] = {
            "app": self.apps,
            "portfolio": self.portfolios,
            "waba": self.wabas,
            "number": self.numbers,
            "token": self.tokens,
            "person": self.people,
            "group": self.groups,
            "template": self.templates,
        }
        self.settings = Settings()
        self._known_by_user_id: dict[tuple[str, str], str] = {}

    def put(self, value: Record) -> None:
        """Keep a new or changed record; it is on disk (when there is a disk) before this returns."""
        kind = _KIND_OF[type(value)]
        if self.journal is not None:
            self.journal.record(kind, value)
        self.by_kind[kind][value.id] = value

    def remove(self, gone: Gone) -> None:
        """Forget a record, as lastingly as `put` keeps one."""
        if self.journal is not None:
            self.journal.record("gone", gone)
        self.by_kind[gone.kind].pop(gone.id, None)

    def settle(self, settings: Settings) -> None:
        if self.journal is not None:
            self.journal.record("settings", settings)
        self.settings = settings

    def app_ids_for(self, waba: Waba) -> list[str]:
        """The apps that get the webhooks of this account: subscribed, and with a verified callback."""
        return [id_ for id_ in waba.subscribed_apps if (app := self.apps.get(id_)) and app.callback_url]

    def waba_of(self, number: Number) -> Waba:
        return self.wabas[number.waba_id]

    def portfolio_of(self, waba: Waba) -> Portfolio:
        """Portfolios come to be with their first account; one that nobody changed has the defaults."""
        return self.portfolios.get(waba.business_id) or Portfolio(waba.business_id)

    def template(self, waba_id: str, name: str, language: str) -> Template | None:
        return self.templates.get(template_id(waba_id, name, language))

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


def template_id(waba_id: str, name: str, language: str) -> str:
    """The id of the template that has this name and language in the account: always the same one."""
    digest = hashlib.sha256(f"{waba_id}/{name}/{language}".encode()).digest()
    return str(10**15 + int.from_bytes(digest[:8], "big") % (9 * 10**15))


def _has_user_id(person: Person, user_id: str, waba: Waba) -> bool:
    own = person.bsuid or bsuid(person.id, waba.business_id)
    return user_id in (own, parent_of(own))
