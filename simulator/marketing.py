"""Why a marketing message does not reach a person: they stopped it, are in Meta's experiment, or get too many.

Called by `graph/admission.py` for messages priced as marketing. Meta publishes no figures, so they are settings (Meta:
per-user marketing template message limits, marketing message experiment).
"""

from __future__ import annotations

from collections import OrderedDict
from random import Random

from simulator.limits.windows import SlidingWindow
from simulator.randomness import Streams
from simulator.state import Number, Store

_DAY_S = 86_400.0
_OPTED_OUT, _EXPERIMENT, _CAPPED = 131050, 130472, 131049

_FORGOTTEN_A_STEP = 2


class Marketing:
    def __init__(self, store: Store, streams: Streams) -> None:
        self._store = store
        self._seed = streams.seed
        self._capped = streams.stream("marketing")
        # By the last message, so that what is over stands in front.
        self._received: OrderedDict[str, SlidingWindow] = OrderedDict()

    def failure(self, number: Number, wa_id: str, at: float) -> int | None:
        """The code with which this message will fail; one that will not counts against the person's day."""
        settings = self._store.settings
        person = self._store.people.get(wa_id)
        if person is not None and number.id in person.opted_out:
            return _OPTED_OUT
        if settings.experiment_share and self._in_experiment(wa_id, settings.experiment_share):
            return _EXPERIMENT
        if settings.marketing_capped_share and self._capped.random() < settings.marketing_capped_share:
            return _CAPPED
        return self._over_the_day(wa_id, at, settings.marketing_a_person_a_day)

    def _in_experiment(self, wa_id: str, share: float) -> bool:
        """Someone is in it or not, whenever it is asked."""
        return Random(f"{self._seed}/experiment/{wa_id}").random() < share  # noqa: S311 - chance, not secrecy

    def _over_the_day(self, wa_id: str, at: float, limit: int) -> int | None:
        if not limit:
            return None
        received = self._received.pop(wa_id, None) or SlidingWindow(_DAY_S)
        self._received[wa_id] = received
        self._forget_old(at)
        if received.used(at) >= limit:
            return _CAPPED
        received.take(at, limit)
        return None

    def _forget_old(self, at: float) -> None:
        for _ in range(_FORGOTTEN_A_STEP):
            wa_id = next(iter(self._received))
            if self._received[wa_id].used(at):
                return
            if len(self._received) > 1:
                del self._received[wa_id]
