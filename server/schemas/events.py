"""Events: what Meta told us, normalised. `whatsapp.parser` makes them, `services.webhooks` applies them.

Structs of msgspec, since thousands are made a second: a frozen dataclass takes ten times as long to make.
"""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

Source = Literal["app", "history"]
"""Where a message that did not pass through us was found: the business's own WhatsApp app, or what it wrote before."""


class Sender(Struct, frozen=True):
    """The person behind an event, by every name that Meta gave. At least one name is known.

    `phone`: digits that the business's own address book has, which Meta does not vouch for.
    """

    wa_id: str | None = None
    bsuid: str | None = None
    parent_bsuid: str | None = None
    name: str | None = None
    phone: str | None = None


class MessageReceived(Struct, frozen=True):
    """A person wrote to one of our numbers.

    `content` is Meta's own object of that type, safe to store as jsonb, and beside its fields those that Meta puts
    around it: context, referral, errors, group_id, origin. `reply_to` is the wamid that it answers. `became` are the
    new names of a person who changed number or user id.
    """

    meta_phone_number_id: str
    wamid: str
    sender: Sender
    at: datetime
    type: str
    content: dict[str, Any]
    reply_to: str | None = None
    became: Sender | None = None


class MessageEchoed(Struct, frozen=True):
    """A message of a chat that did not pass through us. `sender` is the person, whoever wrote.

    `status` is what Meta says became of one of the business: a name of `domain.lifecycle.STATUS_FACTS`, or None.
    """

    meta_phone_number_id: str
    wamid: str
    sender: Sender
    at: datetime
    type: str
    content: dict[str, Any]
    source: Source
    by_business: bool
    status: str | None = None
    reply_to: str | None = None


class StatusError(Struct, frozen=True):
    """Why Meta failed a message. Code 0 when Meta gave none."""

    code: int
    title: str
    details: str | None = None


class StatusChanged(Struct, frozen=True):
    """Meta said something about a message of ours. `opaque_id` is what we sent along with it.

    `person` are the names that Meta gives its recipient, None for groups; `free_entry_until` the end of a free entry
    point.
    """

    meta_phone_number_id: str
    wamid: str
    status: str
    at: datetime
    recipient: str | None = None
    opaque_id: str | None = None
    error: StatusError | None = None
    pricing: dict[str, Any] | None = None
    person: Sender | None = None
    free_entry_until: datetime | None = None


class Place(Struct, frozen=True):
    """Whose something is: a number's by Meta's id, or an account's, of which `display_digits` may name a number."""

    number: str | None = None
    account: str | None = None
    display_digits: str | None = None


class Told(Struct, frozen=True, kw_only=True):
    """Something that has no wamid. `key` is the same whenever Meta repeats it; `content` is Meta's own object.

    `at` is Meta's time, None where it gives none.
    """

    place: Place
    key: bytes
    content: dict[str, Any]
    at: datetime | None = None


class PreferenceStated(Told, frozen=True, kw_only=True):
    """A person told WhatsApp whether this business may send them marketing: stop, resume or signup."""

    person: Sender
    category: str
    value: str


class UserIdChanged(Told, frozen=True, kw_only=True):
    """A person has another business-scoped id than before."""

    person: Sender
    became: Sender


class ContactSynced(Told, frozen=True, kw_only=True):
    """The address book of the business's own app has changed."""

    person: Sender
    action: str


class HistoryShared(Told, frozen=True, kw_only=True):
    """A part of a number's earlier messages has come, which are events of their own; or the business shares none."""

    messages: int


class Limit(Struct, frozen=True):
    """How many people a portfolio may write to in 24 hours; None: without limit."""

    people: int | None


TemplateFact = Literal["status", "quality", "category", "components"]
NumberFact = Literal["quality", "name", "username", "settings", "security", "problem"]
AccountFact = Literal["state", "review", "limits", "alert", "partner", "payments", "business"]


class TemplateChanged(Told, frozen=True, kw_only=True):
    """A template is not as it was. `value` is its new status, quality, category or components; None: not yet."""

    fact: TemplateFact
    name: str
    language: str
    meta_id: str | None
    value: str | list[Any] | None
    category: str | None = None
    reason: str | None = None


class NumberChanged(Told, frozen=True, kw_only=True):
    """A number is not as it was. `value` says how, in Meta's word."""

    fact: NumberFact
    value: str | None
    throughput_mps: int | None = None
    quality: str | None = None
    verified_name: str | None = None
    limit: Limit | None = None


class Restriction(Struct, frozen=True):
    """What an account may not do any more, and until when if it ends by itself."""

    type: str
    until: datetime | None


class AccountChanged(Told, frozen=True, kw_only=True):
    """A WhatsApp Business Account is not as it was. `value` says how, in Meta's word."""

    fact: AccountFact
    value: str | None
    ban_state: str | None = None
    restrictions: tuple[Restriction, ...] = ()
    limit: Limit | None = None


class Noticed(Told, frozen=True, kw_only=True):
    """Something that moves no state here: calls, groups, flows and the like. `subject` is Meta's id of its object."""

    about: str
    value: str | None
    subject: str | None = None


class Unrecognised(Struct, frozen=True):
    """A change, or a part of one, that this version does not know. The raw body keeps it."""

    field: str
    reason: str
    meta_phone_number_id: str | None = None


class Unreadable(Struct, frozen=True):
    """The whole body is not JSON. `reason` quotes nothing of it."""

    reason: str


Message = MessageReceived | MessageEchoed
Event = Message | StatusChanged | Told | Unrecognised | Unreadable

WHOLE_BODY = -1
"""The index that stands for a body which has no changes."""


class Change(Struct, frozen=True):
    """The events of one change. `index` counts changes through the whole body from 0, or is WHOLE_BODY."""

    index: int
    events: tuple[Event, ...] = ()
