"""What hands do in a chat besides writing: tap, answer a request, react, edit, delete, forward, block, opt out.

Called by the control API. Every gesture goes through `Phones`, so that an offline phone can do none of them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from simulator.conversations import Message
from simulator.errors import Refused
from simulator.payloads.groups import GroupEvent, Participant, ParticipantsAdded, ParticipantsRemoved
from simulator.payloads.messages import (
    MEDIA,
    CallPermission,
    CallPermissionReply,
    ContactCard,
    ContactPhone,
    ContactsMessage,
    Content,
    Edit,
    EditMessage,
    FlowReply,
    FlowResponse,
    InteractiveMessage,
    LocationMessage,
    Place,
    Reaction,
    ReactionMessage,
    Revoke,
    RevokeMessage,
)
from simulator.payloads.parts import contact, user_id_of
from simulator.payloads.people import UserPreference
from simulator.phones.choices import choices_of, flow_token_of, request_of
from simulator.state import PARTICIPANTS_LIMIT, Group, Number, Person
from simulator.world import World

# As long as WhatsApp lets people change and delete what they wrote.
EDIT_S: Final = 15 * 60
REVOKE_S: Final = 2 * 24 * 3600

_TEMPORARY_PERMISSION_S = 7 * 24 * 3600


class Gestures:
    def __init__(self, world: World) -> None:
        self._world = world
        self._phones = world.phones

    def tap(self, person: Person, wamid: str, choice: str) -> Message:
        """Tap the button, row or quick reply with this id, payload or title.

        Raises:
            Refused: the message has nothing to tap, or not that.
        """
        message = self._delivered(person, wamid)
        choices = choices_of(message)
        if not choices:
            raise Refused(f"message {wamid} has nothing to tap")
        for one in choices:
            if choice in (one.id, one.title):
                return self._answer(person, message, one.content)
        raise Refused(f"message {wamid} has no {choice[:64]!r}; it has {', '.join(repr(one.id) for one in choices)}")

    def send_flow(self, person: Person, wamid: str, response: dict[str, Any]) -> Message:
        """Complete the flow; its token goes with the response, as clients do it."""
        message = self._asking(person, wamid, "flow")
        token = flow_token_of(message)
        fields = {"flow_token": token, **response} if token is not None else response
        reply = FlowReply(nfm_reply=FlowResponse(response_json=json.dumps(fields, separators=(",", ":"))))
        return self._answer(person, message, InteractiveMessage(interactive=reply))

    def answer_call_request(self, person: Person, wamid: str, *, accepts: bool, always: bool) -> Message:
        message = self._asking(person, wamid, "call_permission_request")
        permission = CallPermission(response="accept" if accepts else "reject")
        if accepts and always:
            permission.is_permanent = True
        elif accepts:
            permission.is_permanent = False
            permission.expiration_timestamp = int(self._world.clock.now()) + _TEMPORARY_PERMISSION_S
        reply = CallPermissionReply(call_permission_reply=permission)
        return self._answer(person, message, InteractiveMessage(interactive=reply))

    def share_location(self, person: Person, wamid: str, place: Place) -> Message:
        message = self._asking(person, wamid, "location_request_message")
        return self._answer(person, message, LocationMessage(location=place))

    def share_phone(self, person: Person, wamid: str) -> Message:
        """Give the phone number that the business asked for; from then on it is not hidden any more."""
        message = self._asking(person, wamid, "request_contact_info")
        card = ContactCard(vcard="BEGIN:VCARD", phones=[ContactPhone(phone=f"+{person.id}")])
        sent = self._answer(person, message, ContactsMessage(contacts=[card], origin="contact_request"))
        if person.hides_phone:
            self._world.store.put(replace(person, hides_phone=False))
        return sent

    def react(self, person: Person, wamid: str, emoji: str | None) -> Message:
        """React to a message of either side; None takes the reaction away.

        Raises:
            Refused: there is no such message, it is gone, or there is no reaction to take away.
        """
        message = self._standing(person, wamid)
        if emoji is None and "person" not in message.reactions:
            raise Refused(f"{person.id} has not reacted to {wamid}")
        reaction = Reaction(message_id=wamid, emoji=UNSET if emoji is None else emoji)
        return self._send(person, message, ReactionMessage(reaction=reaction))

    def edit(self, person: Person, wamid: str, text: str) -> Message:
        """Change an own text, or the caption of an own file.

        Raises:
            Refused: it is not theirs, has no text, or is older than WhatsApp allows.
        """
        message = self._own(person, wamid, EDIT_S, "edit")
        content = _with_text(message, text)
        around: dict[str, object] = {} if message.reply_to is None else {"context": {"id": message.reply_to}}
        edit = Edit(original_message_id=wamid, message={**around, **content})
        sent = self._send(person, message, EditMessage(edit=edit))
        message.content, message.edited = content, True
        return sent

    def revoke(self, person: Person, wamid: str) -> Message:
        """Delete an own message for everyone."""
        message = self._own(person, wamid, REVOKE_S, "delete")
        sent = self._send(person, message, RevokeMessage(revoke=Revoke(original_message_id=wamid)))
        message.revoked = True
        return sent

    def forward(self, person: Person, wamid: str, number: Number, *, often: bool) -> Message:
        """Send a message of any chat on to a number; `often`: it came a long way (Meta: frequently forwarded).

        Raises:
            Refused: it is gone, cannot be forwarded, or its file belongs to another number.
        """
        message = self._standing(person, wamid)
        if message.type not in (*MEDIA, "text", "location", "contacts"):
            raise Refused(f"a message of type {message.type} cannot be forwarded")
        if message.type in MEDIA and (message.author == "business" or message.phone_number_id != number.id):
            raise Refused("a file is known to one number only; send it anew as a sample or a media_id")
        content = {message.type: message.content[message.type]}
        key = "frequently_forwarded" if often else "forwarded"
        return self._phones.send(person, number, {"type": message.type, **content}, context={key: True})

    def block(self, person: Person, number: Number, *, blocked: bool) -> Person:
        """Block or unblock a number: its messages then fail, and it hears nothing of it."""
        others = [id_ for id_ in person.blocked if id_ != number.id]
        changed = replace(person, blocked=[*others, number.id] if blocked else others)
        self._world.store.put(changed)
        return changed

    def want_marketing(self, person: Person, number: Number, *, wanted: bool) -> Person:
        """Stop or resume marketing from a business (Meta: user_preferences)."""
        self._phones.check_can_act(person, number.id)
        waba = self._world.store.waba_of(number)
        preference = UserPreference(
            value="resume" if wanted else "stop",
            wa_id=UNSET if person.hides_phone else person.id,
            user_id=user_id_of(person, waba),
            parent_user_id=person.parent_bsuid or UNSET,
            contacts=[contact(person, waba)],
        )
        others = [id_ for id_ in person.opted_out if id_ != number.id]
        changed = replace(person, opted_out=others if wanted else [*others, number.id])
        self._world.store.put(changed)
        self._world.emitter.notice("user_preferences", preference, waba=waba, number=number, wa_id=person.id)
        return changed

    def join(self, person: Person, group: Group) -> None:
        """Join by the invitation link (Meta: group_participants_update).

        Raises:
            Refused: they are in it already, or it is full.
        """
        if person.id in group.participants:
            raise Refused(f"{person.id} is in the group {group.id} already", http=409)
        if len(group.participants) >= PARTICIPANTS_LIMIT:
            raise Refused(f"the group {group.id} has {PARTICIPANTS_LIMIT} people and takes no more", http=409)
        joined = ParticipantsAdded(
            group_id=group.id, added_participants=[self._participant(person, group)], reason="invite_link"
        )
        self._tell_group(person, replace(group, participants=[*group.participants, person.id]), joined)

    def leave(self, person: Person, group: Group) -> None:
        """Raises Refused when they are not in it."""
        if person.id not in group.participants:
            raise Refused(f"{person.id} is not in the group {group.id}", http=409)
        left = ParticipantsRemoved(
            group_id=group.id, removed_participants=[self._participant(person, group)], initiated_by="participant"
        )
        others = [id_ for id_ in group.participants if id_ != person.id]
        self._tell_group(person, replace(group, participants=others), left)

    def _participant(self, person: Person, group: Group) -> Participant:
        waba = self._world.store.waba_of(self._world.store.numbers[group.phone_number_id])
        return Participant(wa_id=UNSET if person.hides_phone else person.id, user_id=user_id_of(person, waba))

    def _tell_group(self, person: Person, changed: Group, event: GroupEvent) -> None:
        number = self._world.store.numbers[changed.phone_number_id]
        self._phones.check_can_act(person, number.id)
        self._world.store.put(changed)
        waba = self._world.store.waba_of(number)
        self._world.emitter.notice("group_participants_update", event, waba=waba, number=number, wa_id=person.id)

    def _answer(self, person: Person, message: Message, content: Content) -> Message:
        number = self._number(message)
        return self._phones.send(person, number, content.as_json(), message.wamid, group_id=message.group_id)

    def _send(self, person: Person, message: Message, content: Content) -> Message:
        return self._phones.send(person, self._number(message), content.as_json(), group_id=message.group_id)

    def _number(self, message: Message) -> Number:
        return self._world.store.numbers[message.phone_number_id]

    def _standing(self, person: Person, wamid: str) -> Message:
        message = self._phones.message_of(person, wamid)
        if message.revoked or not message.is_written or message.type == "reaction":
            raise Refused(f"message {wamid} is no message that stands in the chat")
        return message

    def _delivered(self, person: Person, wamid: str) -> Message:
        message = self._standing(person, wamid)
        if message.author != "business":
            raise Refused(f"message {wamid} was written by {person.id} themselves")
        if not (message.has("delivered", person.id) or message.has("read", person.id)):
            raise Refused(f"message {wamid} has not been delivered yet", http=409)
        return message

    def _asking(self, person: Person, wamid: str, request: str) -> Message:
        message = self._delivered(person, wamid)
        if request_of(message) != request:
            raise Refused(f"message {wamid} is no {request}")
        return message

    def _own(self, person: Person, wamid: str, for_s: float, what: str) -> Message:
        message = self._standing(person, wamid)
        if message.author != "person":
            raise Refused(f"message {wamid} is not theirs; people {what} only what they wrote")
        if self._world.clock.now() - message.at > for_s:
            raise Refused(f"message {wamid} is too old; people can {what} for {for_s / 60:.0f} minutes", http=409)
        return message


def _with_text(message: Message, text: str) -> dict[str, object]:
    if message.type == "text":
        return {"type": "text", "text": {"body": text}}
    inner = message.content.get(message.type)
    if message.type in ("image", "video", "document") and isinstance(inner, dict):
        return {"type": message.type, message.type: {**inner, "caption": text}}
    raise Refused(f"a message of type {message.type} has no text to edit")
