"""Calls between a person and a number: connect, terminate, statuses, recordings (Meta: calling webhook reference)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET

from simulator.payloads.parts import Error, InChats, Maybe, Payload, Scene, head

CallId = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=160)]
Direction = Literal["USER_INITIATED", "BUSINESS_INITIATED"]


class Session(msgspec.Struct, kw_only=True):
    sdp: str
    sdp_type: Literal["offer", "answer"]


class StoredMedia(msgspec.Struct, kw_only=True):
    id: str
    sha256: str
    mime_type: str
    url: Maybe[str] = UNSET


class Recording(msgspec.Struct, kw_only=True):
    audio: StoredMedia
    type: Literal["audio"] = "audio"


class Transcript(msgspec.Struct, kw_only=True):
    document: StoredMedia


class CallEvent(InChats, kw_only=True, tag_field="event"):
    """An element of `calls`. Someone who hides their phone is named by `from_user_id` or `to_user_id` alone."""

    id: CallId
    from_: Maybe[Address] = msgspec.field(name="from", default=UNSET)
    to: Maybe[Address] = UNSET
    from_user_id: Maybe[str] = UNSET
    to_user_id: Maybe[str] = UNSET
    contacts: Maybe[list[dict[str, Any]]] = UNSET

    def payload(self, scene: Scene) -> Payload:
        return _payload("calls", self.own(), scene)


class Connect(CallEvent, kw_only=True, tag="connect"):
    direction: Direction = "USER_INITIATED"
    session: Maybe[Session] = UNSET
    biz_opaque_callback_data: Maybe[str] = UNSET


class Terminate(CallEvent, kw_only=True, tag="terminate"):
    """Times and duration are there when the call was picked up."""

    direction: Direction = "USER_INITIATED"
    status: Literal["COMPLETED", "FAILED"] = "COMPLETED"
    start_time: Maybe[str] = UNSET
    end_time: Maybe[str] = UNSET
    duration: Maybe[Annotated[int, msgspec.Meta(ge=0)]] = UNSET
    errors: Maybe[list[Error]] = UNSET
    biz_opaque_callback_data: Maybe[str] = UNSET


class RecordingAvailable(CallEvent, kw_only=True, tag="call_recording_available"):
    call_recording: Recording


class TranscriptAvailable(CallEvent, kw_only=True, tag="call_transcription_available"):
    call_transcript: Transcript


class CallStatus(InChats, kw_only=True, tag_field="event", tag="status"):
    """What became of a call that the business made: it rings, was accepted, or was rejected."""

    id: CallId
    status: Literal["RINGING", "ACCEPTED", "REJECTED"]
    recipient_id: Maybe[Address] = UNSET
    recipient_user_id: Maybe[str] = UNSET
    biz_opaque_callback_data: Maybe[str] = UNSET
    contacts: Maybe[list[dict[str, Any]]] = UNSET

    def payload(self, scene: Scene) -> Payload:
        own = self.own()
        del own["event"]
        return _payload("statuses", {**own, "type": "call"}, scene)


CallUpdate = Connect | Terminate | RecordingAvailable | TranscriptAvailable | CallStatus


def _payload(key: str, element: Payload, scene: Scene) -> Payload:
    """The head, the contacts if there are any, and the one element with the time."""
    contacts = {"contacts": element.pop("contacts")} if "contacts" in element else {}
    return {**head(scene.the_number()), **contacts, key: [{**element, "timestamp": str(int(scene.at))}]}
