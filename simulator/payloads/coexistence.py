"""Numbers that are in the WhatsApp Business app too: its history, its contacts, what it sends (Meta: coexistence).

`history` and `smb_app_state_sync` are asked for once after onboarding; `smb_message_echoes` follow what is written
in the app. Messages in them have the same contents as inbound ones.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Error, InChats, Maybe, MetaId, Payload, Scene, head


class HistoryMetadata(msgspec.Struct, kw_only=True):
    phase: Literal[0, 1, 2]
    chunk_order: Annotated[int, msgspec.Meta(ge=0)]
    progress: Annotated[int, msgspec.Meta(ge=0, le=100)]


class HistoryThread(msgspec.Struct, kw_only=True):
    """`id` is the phone number of the other side; `messages` also have `to` and `history_context.status`."""

    id: str
    messages: list[dict[str, Any]]


class HistoryChunk(msgspec.Struct, kw_only=True):
    metadata: Maybe[HistoryMetadata] = UNSET
    threads: Maybe[list[HistoryThread]] = UNSET
    errors: Maybe[list[Error]] = UNSET


class History(InChats, kw_only=True):
    """Chunks, or `[{"errors": [{"code": 2593109}]}]` when the business shares none; media follow as `messages`."""

    history: Maybe[list[HistoryChunk]] = UNSET
    contacts: Maybe[list[dict[str, Any]]] = UNSET
    messages: Maybe[list[dict[str, Any]]] = UNSET

    def __post_init__(self) -> None:
        if self.history is UNSET and self.messages is UNSET:
            raise ValueError("give history (chunks of threads), or messages (the media that follow)")


class AppContact(msgspec.Struct, kw_only=True):
    phone_number: MetaId
    full_name: Maybe[str] = UNSET
    first_name: Maybe[str] = UNSET


class ContactSync(msgspec.Struct, kw_only=True):
    """`timestamp` of the change, in Unix seconds; now, if none is given."""

    contact: AppContact
    action: Literal["add", "remove"] = "add"
    timestamp: Maybe[str] = UNSET


class AppStateSync(InChats, kw_only=True):
    state_sync: Annotated[list[ContactSync], msgspec.Meta(min_length=1)]

    def payload(self, scene: Scene) -> Payload:
        changes = [
            {
                "type": "contact",
                "contact": msgspec.to_builtins(change.contact),
                "action": change.action,
                "metadata": {"timestamp": str(int(scene.at)) if change.timestamp is UNSET else change.timestamp},
            }
            for change in self.state_sync
        ]
        return {**head(scene.the_number()), "state_sync": changes}


class MessageEchoes(InChats, kw_only=True):
    """What the business wrote in the app: messages with `from` (the number) and `to`, also edits and revocations."""

    message_echoes: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1)]
    contacts: Maybe[list[dict[str, Any]]] = UNSET
