"""Groups of a number: made and deleted, joined and left, changed, suspended (Meta: groups webhook reference).

One struct for each type of element in `groups[]`; the four fields take those that belong to them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Error, InChats, Maybe, Payload, Scene, Text, head

GroupId = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
JoinMode = Literal["approval_required", "auto_approve"]


class Participant(msgspec.Struct, kw_only=True):
    """By the phone number or user id that the business gave (`input`), or by what WhatsApp knows of them."""

    input: Maybe[str] = UNSET
    wa_id: Maybe[str] = UNSET
    user_id: Maybe[str] = UNSET
    errors: Maybe[list[Error]] = UNSET


class GroupEvent(InChats, kw_only=True, tag_field="type"):
    """An element of `groups`. `request_id` is that of the call that asked for it."""

    group_id: Maybe[GroupId] = UNSET
    request_id: Maybe[str] = UNSET
    errors: Maybe[list[Error]] = UNSET

    def payload(self, scene: Scene) -> Payload:
        element = {"timestamp": str(int(scene.at)), **self.own()}
        return {**head(scene.the_number()), "groups": [element]}


class GroupCreated(GroupEvent, kw_only=True, tag="group_create"):
    """With `errors` and without a `group_id` when it could not be made."""

    subject: Maybe[Text] = UNSET
    description: Maybe[str] = UNSET
    invite_link: Maybe[str] = UNSET
    join_approval_mode: Maybe[JoinMode] = UNSET
    added_participants: Maybe[list[Participant]] = UNSET


class GroupDeleted(GroupEvent, kw_only=True, tag="group_delete"):
    pass


class ParticipantsAdded(GroupEvent, kw_only=True, tag="group_participants_add"):
    added_participants: list[Participant]
    reason: Maybe[Literal["invite_link", "join_request_approved"]] = UNSET


class ParticipantsRemoved(GroupEvent, kw_only=True, tag="group_participants_remove"):
    """`initiated_by` participant: they left."""

    removed_participants: Maybe[list[Participant]] = UNSET
    failed_participants: Maybe[list[Participant]] = UNSET
    initiated_by: Maybe[Literal["business", "participant"]] = UNSET


class JoinRequestCreated(GroupEvent, kw_only=True, tag="group_join_request_created"):
    join_request_id: Text
    wa_id: Maybe[str] = UNSET
    user_id: Maybe[str] = UNSET


class JoinRequestRevoked(GroupEvent, kw_only=True, tag="group_join_request_revoked"):
    join_request_id: Text
    wa_id: Maybe[str] = UNSET
    user_id: Maybe[str] = UNSET


class TextSetting(msgspec.Struct, kw_only=True):
    text: str
    update_successful: bool = True
    errors: Maybe[list[Error]] = UNSET


class PictureSetting(msgspec.Struct, kw_only=True):
    mime_type: str
    sha256: str
    update_successful: Maybe[bool] = UNSET
    errors: Maybe[list[Error]] = UNSET


class SettingsChanged(GroupEvent, kw_only=True, tag="group_settings_update"):
    group_subject: Maybe[TextSetting] = UNSET
    group_description: Maybe[TextSetting] = UNSET
    profile_picture: Maybe[PictureSetting] = UNSET


class GroupSuspended(GroupEvent, kw_only=True, tag="group_suspend"):
    pass


class SuspensionCleared(GroupEvent, kw_only=True, tag="group_suspend_cleared"):
    pass


Lifecycle = GroupCreated | GroupDeleted
Participants = ParticipantsAdded | ParticipantsRemoved | JoinRequestCreated | JoinRequestRevoked
StatusOfGroup = GroupSuspended | SuspensionCleared
