"""Messages for phones that are offline: kept until the phone is back, or dropped in silence when their time is over.

Called by the phones. Meta tells nobody that it dropped a message; only the ledger does (Meta: time-to-live).
"""

from __future__ import annotations

from functools import partial

from simulator.clock import Clock
from simulator.conversations import Conversations, Message
from simulator.ledger import Ledger
from simulator.scheduler import Scheduler


class Waiting:
    def __init__(self, *, conversations: Conversations, ledger: Ledger, scheduler: Scheduler, clock: Clock) -> None:
        self._conversations = conversations
        self._ledger = ledger
        self._scheduler = scheduler
        self._clock = clock
        self._wamids: dict[str, list[str]] = {}
        self._next_sweep: dict[str, float] = {}

    def add(self, message: Message, wa_id: str) -> None:
        """`wa_id`: whose phone it waits for, also when it was sent to a group."""
        self._wamids.setdefault(wa_id, []).append(message.wamid)
        self._sweep_at(wa_id, message.expires_at)

    def take(self, wa_id: str) -> list[Message]:
        """All that wait for this person, in order; they wait no more."""
        return [self._conversations.known(wamid) for wamid in self._wamids.pop(wa_id, ())]

    def drop_expired(self, message: Message) -> bool:
        """Whether its time is over; then it is written down as dropped."""
        if self._clock.now() < message.expires_at:
            return False
        if not message.expired:
            message.expired = True
            self._ledger.append(
                "expired",
                wamid=message.wamid,
                phone_number_id=message.phone_number_id,
                wa_id=message.wa_id,
                biz_opaque_callback_data=message.opaque,
            )
        return True

    def _sweep_at(self, wa_id: str, point: float) -> None:
        # One look a person, at the first end: messages that wait for a month must not fill the scheduler.
        planned = self._next_sweep.get(wa_id)
        if planned is None or point < planned:
            self._next_sweep[wa_id] = point
            self._scheduler.at(point, partial(self._sweep, wa_id, point))

    def _sweep(self, wa_id: str, planned: float) -> None:
        if self._next_sweep.get(wa_id) != planned:
            return
        del self._next_sweep[wa_id]
        left = [message for message in self.take(wa_id) if not self.drop_expired(message)]
        if left:
            self._wamids[wa_id] = [message.wamid for message in left]
            self._sweep_at(wa_id, min(message.expires_at for message in left))
