"""What Meta tells about people without a message: marketing preferences, purchases after an ad.

Meta: user_preferences and automatic_events webhook references.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import InChats, Maybe, Payload, Scene, head

Details = {
    "stop": "User requested to stop marketing messages",
    "resume": "User requested to resume marketing messages",
    "signup": "User signed up via signup link",
}


class UserPreference(InChats, kw_only=True):
    """One element of `user_preferences`. Someone who hides their phone has a `user_id` alone."""

    value: Literal["stop", "resume", "signup"]
    wa_id: Maybe[str] = UNSET
    user_id: Maybe[str] = UNSET
    parent_user_id: Maybe[str] = UNSET
    detail: Maybe[str] = UNSET
    category: Literal["marketing_messages"] = "marketing_messages"
    signup_id: Maybe[str] = UNSET
    contacts: Maybe[list[dict[str, Any]]] = UNSET

    def payload(self, scene: Scene) -> Payload:
        own = self.own()
        contacts = {"contacts": own.pop("contacts")} if "contacts" in own else {}
        own.setdefault("detail", Details[self.value])
        preference = {**own, "timestamp": int(scene.at)}
        return {**head(scene.the_number()), **contacts, "user_preferences": [preference]}


class CustomData(msgspec.Struct):
    """`value`: the amount times 1,000."""

    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    value: Annotated[int, msgspec.Meta(ge=0)]


class AutomaticEvent(InChats, kw_only=True):
    """Meta noticed a lead or a purchase in a chat that an ad began. `id` is the wamid of the message."""

    id: str
    event_name: Literal["LeadSubmitted", "Purchase"]
    ctwa_clid: Maybe[str] = UNSET
    custom_data: Maybe[CustomData] = UNSET

    def payload(self, scene: Scene) -> Payload:
        element = {**self.own(), "timestamp": int(scene.at)}
        return {**head(scene.the_number()), "automatic_events": [element]}
