"""The configuration of the simulated world: apps, accounts, numbers, tokens, people, settings.

Read by everyone; changed only through `Store.put` and `Store.settle`, which tell the journal first, so that
an answered change survives a kill. What people write to each other is in `conversations.py`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple, Protocol

import msgspec

from simulator.ids import bsuid, parent_of
from simulator.settings import Mode, Settings
from simulator.tiers import Tier

Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")]
Decision = Literal["APPROVED", "REJECTED", "DEFERRED", "PENDING"]
NameStatus = Literal[
    "APPROVED",
    "AVAILABLE_WITHOUT_REVIEW",
    "DECLINED",
    "EXPIRED",
    "PENDING_REVIEW",
    "NONE",
]

PARTICIPANTS_LIMIT = 8  # of a group, besides the business (Meta: groups)

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


_OLD_VERSION = 23


class App(msgspec.Struct):
    """A Meta app: its secret signs the webhooks that go to its callback.

    `fields` are the webhook fields that it subscribed to (None: all), with that version of Graph.
    `previous_secret` is the secret before. `requires_proof`: "Require App Secret", so that each call with one of its
    tokens needs an `appsecret_proof`.
    """

    id: str
    name: str
    app_secret: str
    callback_url: str | None = None
    verify_token: str | None = None
    fields: list[str] | None = None
    graph_version: int = 26
    previous_secret: str | None = None
    requires_proof: bool = False

    @property
    def is_old(self) -> bool:
        """Whether its subscription is of a version that tells more of conversations (Meta: pricing)."""
        return self.graph_version <= _OLD_VERSION

    def hears_of(self, field: str) -> bool:
        return self.callback_url is not None and (self.fields is None or field in self.fields)


class Hearers(NamedTuple):
    """The apps that hear of something, and whether one of them is old."""

    app_ids: tuple[str, ...]
    some_old: bool


_NOBODY = Hearers((), some_old=False)


class Portfolio(msgspec.Struct):
    """A business portfolio: its messaging limit is for all its accounts together, and grows at `grows_at`."""

    id: str
    name: str = "Simulated portfolio"
    messaging_limit: Tier = "TIER_UNLIMITED"
    grows_at: float | None = None
    verification_status: Literal["verified", "not_verified", "pending"] = "verified"


class Waba(msgspec.Struct):
    """`restrictions` are those of account_update, `ban_state` that of its ban (None: there is none)."""

    id: str
    name: str
    business_id: str
    subscribed_apps: list[str] = []
    direct_send: bool = False
    account_review_status: Decision = "APPROVED"
    ban_state: Literal["SCHEDULE_FOR_DISABLE", "DISABLE"] | None = None
    restrictions: list[dict[str, Any]] = []
    payment_problem: bool = False
    country: str = "US"
    currency: str = "USD"
    timezone_id: str = "1"
    primary_business_location: str | None = None


class NumberLimits(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """How the limits of one number are kept; what is not given is as in the settings."""

    throughput: Mode | None = None
    pair: Mode | None = None
    messaging: Mode | None = None


class Number(msgspec.Struct):
    """`upgrade_until`: in maintenance until then, for a higher throughput.

    `new_name` is a display name that was asked for; `new_name_status` says how its review stands.
    """

    id: str
    waba_id: str
    display_phone_number: str
    verified_name: str
    throughput_mps: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 80
    limits: NumberLimits = NumberLimits()
    upgrade_until: float | None = None
    quality_rating: Quality = "GREEN"
    status: NumberStatus = "CONNECTED"
    name_status: NameStatus = "APPROVED"
    new_name: str | None = None
    new_name_status: NameStatus = "NONE"
    code_verification_status: Literal["VERIFIED", "NOT_VERIFIED", "EXPIRED"] = "VERIFIED"
    account_mode: Literal["LIVE", "SANDBOX"] = "LIVE"
    username: str | None = None
    is_official: bool = False
    is_on_biz_app: bool = False
    checks_identity: bool = False

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


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=604_800)]


class Behaviour(msgspec.Struct, forbid_unknown_fields=True):
    """What a person does without being told. Shares are chances from the seed, seconds are simulated.

    `reply_every` n: answers every n-th delivered text; 0: never. `read_delay_s`, and up to the spread more by chance.
    `tap_share`: taps one of the buttons or rows that a message has. `photo_share`: an answer is a photo.
    `skip_delivered_share`: read without delivered. `offline_share`: offline after a message, for `offline_for_s`.
    """

    reads: bool = True
    read_delay_s: Seconds = 2.0
    read_delay_spread_s: Seconds = 0.0
    reply_every: Annotated[int, msgspec.Meta(ge=0)] = 0
    reply_text: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] = "Thank you, that helps."
    read_share: Share = 1.0
    typing_s: tuple[Seconds, Seconds] = (0.5, 1.5)
    tap_share: Share = 0.0
    photo_share: Share = 0.0
    skip_delivered_share: Share = 0.0
    offline_share: Share = 0.0
    offline_for_s: Seconds = 60.0

    def __post_init__(self) -> None:
        if self.typing_s[0] > self.typing_s[1]:
            raise ValueError("a range is [least, most]; the first must not exceed the second")


class Person(msgspec.Struct):
    """Someone with WhatsApp. Without a `bsuid` of their own they get one for each business portfolio.

    Someone with `hides_phone` is known to businesses by that id alone. `blocked` are the numbers that they blocked,
    `opted_out` those whose marketing they stopped. `moved_to` is their new number: this one is nobody's any more.
    """

    id: str
    name: str
    bsuid: str | None = None
    online: bool = True
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)
    username: str | None = None
    parent_bsuid: str | None = None
    hides_phone: bool = False
    blocked: list[str] = []
    opted_out: list[str] = []
    moved_to: str | None = None
    reinstalls: int = 0

    @property
    def identity_key_hash(self) -> str:
        """Changes when they install WhatsApp anew (Meta: identity change check)."""
        return hashlib.sha256(f"{self.id}/{self.reinstalls}".encode()).hexdigest()[:12]


class Group(msgspec.Struct):
    """A group that a number has made; `participants` are the people in it besides the business."""

    id: str
    phone_number_id: str
    subject: str
    participants: list[str] = []


class Template(msgspec.Struct):
    """A message template; `components` are as Meta's create call takes them (Meta: message templates).

    While it is `held`, Meta says of sends that they wait for its quality to be assessed (Meta: template pacing).
    `pauses` counts those for its quality; the one that it is in ends at `paused_until`. `message_send_ttl_seconds`: how
    long Meta tries to deliver what is sent of it.
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
    message_send_ttl_seconds: int | None = None


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
        self._hearers: dict[tuple[str, str], tuple[Waba, Hearers]] = {}  # until an app changes

    def put(self, value: Record) -> None:
        """Keep a new or changed record; it is on disk (when there is a disk) before this returns."""
        kind = _KIND_OF[type(value)]
        if self.journal is not None:
            self.journal.record(kind, value)
        self.by_kind[kind][value.id] = value
        if kind == "app":
            self._hearers.clear()

    def remove(self, gone: Gone) -> None:
        """Forget a record, as lastingly as `put` keeps one."""
        if self.journal is not None:
            self.journal.record("gone", gone)
        self.by_kind[gone.kind].pop(gone.id, None)

    def settle(self, settings: Settings) -> None:
        if self.journal is not None:
            self.journal.record("settings", settings)
        self.settings = settings

    def hearers_of(self, waba: Waba, field: str) -> Hearers:
        """The apps that hear of this field of the account: subscribed to both, and with a verified callback."""
        known, hearers = self._hearers.get((waba.id, field), (None, _NOBODY))
        if known is not waba:
            apps = [app for id_ in waba.subscribed_apps if (app := self.apps.get(id_)) and app.hears_of(field)]
            hearers = Hearers(tuple(app.id for app in apps), some_old=any(app.is_old for app in apps))
            self._hearers[waba.id, field] = waba, hearers
        return hearers

    def waba_of(self, number: Number) -> Waba:
        return self.wabas[number.waba_id]

    def portfolio_of(self, waba: Waba) -> Portfolio:
        """Portfolios come to be with their first account; one that nobody changed has the defaults."""
        return self.portfolios.get(waba.business_id) or _usual_portfolio(waba.business_id)

    def numbers_of(self, waba_id: str) -> list[Number]:
        return [number for number in self.numbers.values() if number.waba_id == waba_id]

    def person_at(self, wa_id: str) -> Person | None:
        """Whoever has this number now: nobody, once they have moved to another one."""
        person = self.people.get(wa_id)
        return None if person is None or person.moved_to else person

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


@lru_cache(maxsize=1000)
def _usual_portfolio(id_: str) -> Portfolio:
    return Portfolio(id_)


def template_id(waba_id: str, name: str, language: str) -> str:
    """The id of the template that has this name and language in the account: always the same one."""
    digest = hashlib.sha256(f"{waba_id}/{name}/{language}".encode()).digest()
    return str(10**15 + int.from_bytes(digest[:8], "big") % (9 * 10**15))


def _has_user_id(person: Person, user_id: str, waba: Waba) -> bool:
    own = person.bsuid or bsuid(person.id, waba.business_id)
    return person.moved_to is None and user_id in (own, person.parent_bsuid or parent_of(own))
