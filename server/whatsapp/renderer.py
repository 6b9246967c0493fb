"""Command → Meta's request. Pure and total: every command renders, and nothing else is looked at."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel

from server.domain.enums import IdentityKind
from server.schemas.content.parts import MediaSource
from server.schemas.outbound import Direct, SendCommand, SendRaw, SendTemplate

MESSAGES, MARKETING_MESSAGES = "messages", "marketing_messages"
NO_MEDIA: Mapping[str, str] = {}
_USER_IDS = (IdentityKind.BSUID, IdentityKind.PARENT_BSUID)


class Rendered(msgspec.Struct, frozen=True):
    """The body of POST /{phone_number_id}/{edge}."""

    edge: str
    payload: dict[str, Any]


def render(command: SendCommand, *, opaque_id: str, media: Mapping[str, str] = NO_MEDIA) -> Rendered:
    """`opaque_id` comes back in every status. `media`: what Meta calls media of this platform, by their ids here."""
    payload: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": command.recipient_type,
        # Where both are given Meta looks at `to` only, so there is just the one (Meta: business-scoped user ids).
        "recipient" if command.recipient.kind in _USER_IDS else "to": command.to,
        **_content(command, media),
        "biz_opaque_callback_data": opaque_id,
    }
    if command.reply_to is not None:
        payload["context"] = {"message_id": command.reply_to}
    if command.recipient_identity_key_hash is not None:
        payload["recipient_identity_key_hash"] = command.recipient_identity_key_hash
    return Rendered(_edge(command), payload)


def own_media(command: SendCommand) -> set[str]:
    """The ids of uploaded media that the command holds, whoever gave them: this platform or Meta."""
    return set(media_paths(command).values())


def media_paths(command: SendCommand) -> dict[str, str]:
    """The same ids, each by the place where its sender wrote it, such as `image.id`."""
    found = _sources(getattr(command, command.type), command.type)
    return {f"{path}.id": source.id for path, source in found if source.id is not None}


def _edge(command: SendCommand) -> str:
    return MARKETING_MESSAGES if isinstance(command, SendTemplate) and command.marketing is not None else MESSAGES


def _content(command: SendCommand, media: Mapping[str, str]) -> dict[str, Any]:
    match command:
        case SendRaw(raw=raw):
            return raw.model_dump(mode="json")
        case SendTemplate(marketing=marketing) if marketing is not None:
            return {**_object(command, media), **_plain(marketing)}
        case Direct(category=category, ttl_seconds=ttl_s) if category is not None:
            ttl = {} if ttl_s is None else {"ttl_seconds": ttl_s}
            return {**_object(command, media), "category": category, **ttl}
        case _:
            return _object(command, media)


def _object(command: SendCommand, media: Mapping[str, str]) -> dict[str, Any]:
    content = getattr(command, command.type)
    return {"type": command.type, command.type: _plain(_with_metas_ids(content, media) if media else content)}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.model_dump(mode="json", exclude_none=True)


def _sources(value: Any, path: str) -> list[tuple[str, MediaSource]]:
    if isinstance(value, MediaSource):
        return [(path, value)]
    return [found for name, child in _children(value) for found in _sources(child, f"{path}.{name}")]


def _children(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, BaseModel):
        return [(field.alias or name, getattr(value, name)) for name, field in type(value).model_fields.items()]
    return list(enumerate(value)) if isinstance(value, list) else []


def _with_metas_ids(value: Any, media: Mapping[str, str]) -> Any:
    """The same content, with Meta's ids in place of ours."""
    if isinstance(value, MediaSource):
        return value.model_copy(update={"id": media.get(value.id or "", value.id)})
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: _with_metas_ids(getattr(value, name), media) for name in type(value).model_fields}
        )
    return [_with_metas_ids(item, media) for item in value] if isinstance(value, list) else value
