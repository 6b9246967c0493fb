"""A person calls a business: it rings, is picked up or not, and ends (Meta: user-initiated calls).

Called by the control API. A call opens the customer service window like a message. There is no sound: the session
descriptions are placeholders of the right form.
"""

from __future__ import annotations

from functools import partial

from msgspec import UNSET

from simulator.payloads.calls import CallEvent, Connect, Session, Terminate
from simulator.payloads.parts import contact, user_id_of
from simulator.state import Number, Person
from simulator.world import World

_OFFER = "\r\n".join(("v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", ""))


class Calling:
    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, person: Person, number: Number, *, answered: bool, lasts_s: float) -> str:
        """Begin a call that ends after so many simulated seconds; returns its id.

        Raises:
            Refused: the phone is offline, or blocks the number.
        """
        self._world.phones.check_can_act(person, number.id)
        call_id = self._world.ids.wamid_of_person(person.id).replace("wamid.", "wacid.")
        self._world.conversations.open_window(person.id, number.id, self._world.clock.now())
        self._tell(person, number, Connect(id=call_id, session=Session(sdp=_OFFER, sdp_type="offer")))
        began_at = self._world.clock.now()
        end = partial(self._end, person, number, call_id, began_at if answered else None)
        self._world.scheduler.after(lasts_s, end)
        return call_id

    def _end(self, person: Person, number: Number, call_id: str, began_at: float | None) -> None:
        ended = Terminate(id=call_id, status="FAILED" if began_at is None else "COMPLETED")
        if began_at is not None:
            now = self._world.clock.now()
            ended.start_time, ended.end_time = str(int(began_at)), str(int(now))
            ended.duration = int(now) - int(began_at)
        self._tell(person, number, ended)

    def _tell(self, person: Person, number: Number, event: CallEvent) -> None:
        waba = self._world.store.waba_of(number)
        event.from_ = UNSET if person.hides_phone else person.id
        event.from_user_id = user_id_of(person, waba)
        event.to = number.digits
        event.contacts = [contact(person, waba)]
        self._world.emitter.notice("calls", event, waba=waba, number=number, wa_id=person.id)
