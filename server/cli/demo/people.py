"""The people's hands in the demo: once a message has arrived, what its answer says is done on the phone, once.

What people do by themselves the simulator does. Told by `story` what the API shows; it does not know the product.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from server.cli.demo.answers import Seen
from server.cli.demo.scene import Pair
from server.cli.demo.verdict import ONLY_SENT, Json
from server.cli.up.simulated_meta import SimulatedMeta

NO_MORE_WILL_COME = ("held", "failed")


class People:
    """`second`: who got which message."""

    def __init__(self, meta: SimulatedMeta, second: Mapping[UUID, Pair]) -> None:
        self._meta = meta
        self._waiting = {id_: pair for id_, pair in second.items() if pair.second.answer.gestures}

    async def answer(self, shown: Iterable[Json]) -> bool:
        """Those to whom something has arrived answer it; whether there were any. Raises CannotRun."""
        arrived = [m for m in self._waited_for(shown) if has_arrived(m)]
        pairs = [(self._waiting.pop(UUID(m["id"])), str(m["wamid"])) for m in arrived]
        await asyncio.gather(*(asyncio.to_thread(self._act, pair, wamid) for pair, wamid in pairs))
        return bool(arrived)

    def are_done(self, shown: Iterable[Json]) -> bool:
        """Whether nobody waits for a message that may still come."""
        return all(m["state"] in NO_MORE_WILL_COME for m in self._waited_for(shown))

    def _waited_for(self, shown: Iterable[Json]) -> Sequence[Json]:
        return [m for m in shown if m["direction"] == "outbound" and UUID(m["id"]) in self._waiting]

    def _act(self, pair: Pair, wamid: str) -> None:
        own = ""
        for gesture in pair.second.answer.gestures:
            path, body = gesture(Seen(pair.number.meta_id, wamid, pair.number.group_id, own))
            own = self._meta.act(pair.wa_id, path, body) or own


def has_arrived(message: Json) -> bool:
    """As far as Meta tells: of some types it only says that they were sent."""
    return bool(message["times"]["sent_at" if message["type"] in ONLY_SENT else "delivered_at"])
