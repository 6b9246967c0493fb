"""Inbound messages: every type that a person's phone, or WhatsApp about it, sends to a business.

A content is the part of `messages[]` that depends on the type (`{"type": "text", "text": {…}}`), as a struct; the
control API takes the same structs. `inbound` puts a content into its value (Meta: messages webhook reference).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET

from simulator.conversations import Message
from simulator.payloads.parts import (
    Error,
    InChats,
    Maybe,
    MetaId,
    Payload,
    Text,
    contact,
    head,
    named,
    user_id_of,
)
from simulator.state import Number, Person, Waba

Wamid = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class Content(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """One type of message. `as_json` is what chats and webhooks hold of it."""

    def as_json(self) -> dict[str, object]:
        made: dict[str, object] = msgspec.to_builtins(self)
        return made


class _Strict(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class TextBody(_Strict):
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]


class TextMessage(Content, tag="text"):
    text: TextBody


class MediaObject(_Strict):
    """Meta's media object. `sha256` is base64 here; `url` lives five minutes and is not always there."""

    id: str
    mime_type: str
    sha256: str
    caption: Maybe[str] = UNSET
    filename: Maybe[str] = UNSET
    animated: Maybe[bool] = UNSET
    voice: Maybe[bool] = UNSET
    url: Maybe[str] = UNSET


class ImageMessage(Content, tag="image"):
    image: MediaObject


class VideoMessage(Content, tag="video"):
    video: MediaObject


class AudioMessage(Content, tag="audio"):
    audio: MediaObject


class DocumentMessage(Content, tag="document"):
    document: MediaObject


class StickerMessage(Content, tag="sticker"):
    sticker: MediaObject


class Place(_Strict):
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: Maybe[str] = UNSET
    address: Maybe[str] = UNSET
    url: Maybe[str] = UNSET


class LocationMessage(Content, tag="location"):
    location: Place


class ContactName(_Strict):
    formatted_name: Text
    first_name: Maybe[str] = UNSET
    last_name: Maybe[str] = UNSET
    middle_name: Maybe[str] = UNSET
    suffix: Maybe[str] = UNSET
    prefix: Maybe[str] = UNSET


class ContactPhone(_Strict):
    phone: Maybe[str] = UNSET
    wa_id: Maybe[str] = UNSET
    type: Maybe[str] = UNSET


class ContactEmail(_Strict):
    email: Maybe[str] = UNSET
    type: Maybe[str] = UNSET


class ContactUrl(_Strict):
    url: Maybe[str] = UNSET
    type: Maybe[str] = UNSET


class ContactOrganisation(_Strict):
    company: Maybe[str] = UNSET
    department: Maybe[str] = UNSET
    title: Maybe[str] = UNSET


class ContactAddress(_Strict):
    street: Maybe[str] = UNSET
    city: Maybe[str] = UNSET
    state: Maybe[str] = UNSET
    zip: Maybe[str] = UNSET
    country: Maybe[str] = UNSET
    country_code: Maybe[str] = UNSET
    type: Maybe[str] = UNSET


class ContactCard(_Strict):
    """A shared contact. A phone that was asked for comes as a `vcard` without a name."""

    name: Maybe[ContactName] = UNSET
    phones: Maybe[list[ContactPhone]] = UNSET
    emails: Maybe[list[ContactEmail]] = UNSET
    urls: Maybe[list[ContactUrl]] = UNSET
    addresses: Maybe[list[ContactAddress]] = UNSET
    org: Maybe[ContactOrganisation] = UNSET
    birthday: Maybe[Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]] = UNSET
    vcard: Maybe[str] = UNSET


class ContactsMessage(Content, tag="contacts"):
    """`origin` says whether the business had asked for it."""

    contacts: Annotated[list[ContactCard], msgspec.Meta(min_length=1, max_length=257)]
    origin: Maybe[Literal["contact_request", "other"]] = UNSET


class Reaction(_Strict):
    """Without an emoji the reaction was removed."""

    message_id: Wamid
    emoji: Maybe[Annotated[str, msgspec.Meta(min_length=1, max_length=32)]] = UNSET


class ReactionMessage(Content, tag="reaction"):
    reaction: Reaction


class Choice(_Strict):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    title: str


class Row(_Strict):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    title: str
    description: Maybe[str] = UNSET


class FlowResponse(_Strict):
    """`response_json` is JSON in a string, as the flow made it."""

    response_json: str
    body: str = "Sent"
    name: str = "flow"


class CallPermission(_Strict):
    response: Literal["accept", "reject"]
    response_source: Literal["user_action", "automatic"] = "user_action"
    expiration_timestamp: Maybe[int] = UNSET
    is_permanent: Maybe[bool] = UNSET


class ButtonReply(_Strict, tag_field="type", tag="button_reply"):
    button_reply: Choice


class ListReply(_Strict, tag_field="type", tag="list_reply"):
    list_reply: Row


class FlowReply(_Strict, tag_field="type", tag="nfm_reply"):
    nfm_reply: FlowResponse


class CallPermissionReply(_Strict, tag_field="type", tag="call_permission_reply"):
    call_permission_reply: CallPermission


class InteractiveMessage(Content, tag="interactive"):
    interactive: ButtonReply | ListReply | FlowReply | CallPermissionReply


class TemplateButton(_Strict):
    text: str
    payload: str


class ButtonMessage(Content, tag="button"):
    """The quick reply of a template was tapped."""

    button: TemplateButton


class ProductItem(_Strict):
    product_retailer_id: Text
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    item_price: float
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Order(_Strict):
    catalog_id: Text
    product_items: Annotated[list[ProductItem], msgspec.Meta(min_length=1)]
    text: str = ""


class OrderMessage(Content, tag="order"):
    order: Order


class NumberChanged(_Strict, tag_field="type", tag="user_changed_number"):
    body: str
    wa_id: MetaId
    user_id: Maybe[str] = UNSET


class UserIdChanged(_Strict, tag_field="type", tag="user_changed_user_id"):
    body: str
    user_id: str
    wa_id: Maybe[MetaId] = UNSET
    parent_user_id: Maybe[str] = UNSET


class IdentityChanged(_Strict, tag_field="type", tag="customer_identity_changed"):
    body: str
    identity: str
    wa_id: Maybe[MetaId] = UNSET


class SystemMessage(Content, tag="system"):
    """WhatsApp itself says something about the person; such a value has no `contacts`."""

    system: NumberChanged | UserIdChanged | IdentityChanged


class Edit(_Strict):
    original_message_id: Wamid
    message: dict[str, object]


class EditMessage(Content, tag="edit"):
    edit: Edit


class Revoke(_Strict):
    original_message_id: Wamid


class RevokeMessage(Content, tag="revoke"):
    revoke: Revoke


class UnsupportedKind(_Strict):
    type: str


class UnsupportedMessage(Content, tag="unsupported"):
    """Something that the Cloud API does not carry, like a poll."""

    errors: list[Error] = msgspec.field(default_factory=lambda: [Error(code=131051)])
    unsupported: Maybe[UnsupportedKind] = UNSET


AnyContent = (
    TextMessage
    | ImageMessage
    | VideoMessage
    | AudioMessage
    | DocumentMessage
    | StickerMessage
    | LocationMessage
    | ContactsMessage
    | ReactionMessage
    | InteractiveMessage
    | ButtonMessage
    | OrderMessage
    | SystemMessage
    | EditMessage
    | RevokeMessage
    | UnsupportedMessage
)

MEDIA: Final = ("image", "video", "audio", "document", "sticker")


class ReferredProduct(_Strict):
    catalog_id: Text
    product_retailer_id: Text


class WelcomeMessage(_Strict):
    text: str


class Referral(_Strict):
    """The ad or post that the person came from. An ad in a Status has no `ctwa_clid`."""

    source_url: Text
    source_id: Text
    source_type: Literal["ad", "post"] = "ad"
    body: str = ""
    headline: str = ""
    media_type: Maybe[Literal["image", "video"]] = UNSET
    image_url: Maybe[str] = UNSET
    video_url: Maybe[str] = UNSET
    thumbnail_url: Maybe[str] = UNSET
    ctwa_clid: Maybe[str] = UNSET
    welcome_message: Maybe[WelcomeMessage] = UNSET


class ErrorsOnly(InChats):
    """A problem of the app or the account, told in the field `messages` without a message."""

    errors: Annotated[list[Error], msgspec.Meta(min_length=1)]


def inbound(message: Message, person: Person, number: Number, waba: Waba) -> Payload:
    """A person's message, as its `value`."""
    system = message.content["type"] == "system"
    payload: Payload = {}
    if (context := _context(message, number, person, waba)) is not None:
        payload["context"] = context
    if message.referral is not None:
        payload["referral"] = message.referral
    if system and not person.hides_phone:
        payload["from"] = person.id
    else:
        payload |= named(person, waba, phone="from", user="from_user_id", parent="from_parent_user_id")
    if message.group_id is not None:
        payload["group_id"] = message.group_id
    payload |= {"id": message.wamid, "timestamp": str(int(message.at)), **message.content}
    if system:
        return {**head(number), "messages": [payload]}
    card = contact(person, waba, identity=number.checks_identity)
    return {**head(number), "contacts": [card], "messages": [payload]}


def _context(message: Message, number: Number, person: Person, waba: Waba) -> Payload | None:
    made: Payload = {}
    if message.reply_to is not None:
        author = number.digits
        if message.replies_to_person:
            author = user_id_of(person, waba) if person.hides_phone else person.id
        made = {"from": author, "id": message.reply_to}
    return {**made, **message.context} or None
