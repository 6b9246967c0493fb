"""Who a person is to businesses may change: a new number, a new user id, WhatsApp on a new phone.

Called by the control API. Every number that they have a chat with hears of it in a system message (Meta: system
messages webhook; business-scoped user ids).
"""

from __future__ import annotations

from msgspec.structs import replace

from simulator.conversations import Message
from simulator.errors import Refused
from simulator.payloads.messages import IdentityChanged, NumberChanged, SystemMessage, UserIdChanged
from simulator.payloads.parts import user_id_of
from simulator.state import Number, Person
from simulator.world import World


class Identities:
    def __init__(self, world: World) -> None:
        self._world = world

    def change_number(self, person: Person, new_wa_id: str) -> Person:
        """Move to another number with all chats; the old number is nobody's from then on.

        Raises:
            Refused: somebody has the new number.
        """
        store = self._world.store
        if store.person_at(new_wa_id) is not None:
            raise Refused(f"{new_wa_id} is somebody's number already; choose another one", http=409)
        numbers = self._numbers_of(person)
        moved = replace(person, id=new_wa_id)
        store.put(moved)
        store.put(replace(person, moved_to=new_wa_id))
        self._world.conversations.move(person.id, new_wa_id)
        for number in numbers:
            body = f"User {person.name} changed from {person.id} to {new_wa_id}"
            self._tell(person, moved, number, SystemMessage(system=NumberChanged(body=body, wa_id=new_wa_id)))
        self._world.phones.move(person, moved)
        return moved

    def change_user_id(self, person: Person, bsuid: str) -> Person:
        changed = replace(person, bsuid=bsuid)
        self._world.store.put(changed)
        for number in self._numbers_of(person):
            old = user_id_of(person, self._world.store.waba_of(number))
            change = UserIdChanged(body=f"User {person.name} changed from {old} to {bsuid}", user_id=bsuid)
            if not person.hides_phone:
                change.wa_id = person.id
            self._tell(person, changed, number, SystemMessage(system=change))
        return changed

    def reinstall(self, person: Person) -> Person:
        """WhatsApp anew, with another identity key; numbers that check identities hear of it (Meta: identity check)."""
        changed = replace(person, reinstalls=person.reinstalls + 1)
        self._world.store.put(changed)
        for number in self._numbers_of(person):
            if number.checks_identity:
                body = f"User {person.name} may have changed"
                identity = IdentityChanged(body=body, identity=changed.identity_key_hash)
                if not person.hides_phone:
                    identity.wa_id = person.id
                self._tell(person, changed, number, SystemMessage(system=identity))
        return changed

    def _numbers_of(self, person: Person) -> list[Number]:
        threads = self._world.conversations.threads_of(person.id)
        numbers = self._world.store.numbers
        return [numbers[thread.phone_number_id] for thread in threads if thread.phone_number_id in numbers]

    def _tell(self, old: Person, new: Person, number: Number, content: SystemMessage) -> None:
        message = Message(
            wamid=self._world.ids.wamid_of_person(old.id),
            author="person",
            phone_number_id=number.id,
            wa_id=new.id,
            at=self._world.clock.now(),
            content=content.as_json(),
        )
        self._world.conversations.add(message)
        self._world.emitter.inbound(message, old)
