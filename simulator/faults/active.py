"""The rules in force: counts what each has struck and draws, from the seed, what it strikes next.

Set by the control API and the command line, asked by the Graph endpoints and the emitter. Without rules nothing
is drawn, and whoever asks has one `if` to pay for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final, Generic, TypeVar

import msgspec

from simulator.faults.media_rules import MediaRule, OnMedia, Step
from simulator.faults.rules import AnyRule, Delay, Drop, FailLater, Only, Reorder, Repeat, SendRule, WebhookRule
from simulator.randomness import Streams

_MESSAGES_REMEMBERED = 100_000


AnyKind_co = TypeVar("AnyKind_co", bound=AnyRule, covariant=True)


class ActiveRule(Generic[AnyKind_co]):
    """A rule at its place in the list, and how often it has struck."""

    def __init__(self, place: int, rule: AnyKind_co) -> None:
        self.place = place
        self.rule: Final = rule
        self.injected = 0
        self._messages: dict[str, bool] = {}

    @property
    def used_up(self) -> bool:
        return self.rule.count is not None and self.injected >= self.rule.count

    def strikes(self, chance: Random) -> bool:
        """Whether it strikes this time; counted when it does."""
        struck = not self.used_up and chance.random() < self.rule.share
        self.injected += struck
        return struck

    def strikes_message(self, wamid: str, chance: Random) -> bool:
        """The same, decided when it is first asked about a message, and kept to."""
        struck = self._messages.get(wamid)
        if struck is None:
            struck = self._messages[wamid] = self.strikes(chance)
            if len(self._messages) > _MESSAGES_REMEMBERED:
                del self._messages[next(iter(self._messages))]
        return struck

    def as_json(self) -> dict[str, object]:
        return {**msgspec.to_builtins(self.rule), "injected": self.injected}


@dataclass(slots=True)
class Fate:
    """What the rules do to one update. `struck`: the rules that do it. All durations are simulated."""

    struck: list[ActiveRule[WebhookRule]] = field(default_factory=list)
    silent: bool = False
    delay_s: float = 0.0
    shuffle_s: float | None = None
    copies_after_s: list[float] = field(default_factory=list)
    fails: tuple[float, int] | None = None  # after how long, with which code


class Faults:
    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._sends = streams.stream("faults")
        self.on_sends: list[ActiveRule[SendRule]] = []
        self.on_webhooks: list[ActiveRule[WebhookRule]] = []
        self.on_media: list[ActiveRule[MediaRule]] = []

    def replace(self, rules: Iterable[AnyRule]) -> None:
        """Put these rules in force and no others; their counts begin anew, the draws go on."""
        self.on_sends, self.on_webhooks, self.on_media = [], [], []
        for place, rule in enumerate(rules):
            if isinstance(rule, SendRule):
                self.on_sends.append(ActiveRule(place, rule))
            elif isinstance(rule, OnMedia):
                self.on_media.append(ActiveRule(place, rule))
            else:
                self.on_webhooks.append(ActiveRule(place, rule))

    def strike_send(self, phone_number_id: str, wa_id: str) -> ActiveRule[SendRule] | None:
        """The rule that strikes this send, if any. One draw decides, so the shares of several rules add up.

        The caller counts it in `injected` when the fault is really done.
        """
        able = [
            active
            for active in self.on_sends
            if not active.used_up and active.rule.where.covers(phone_number_id, wa_id)
        ]
        if not able:
            return None
        draw = self._sends.random()
        for active in able:
            draw -= active.rule.share
            if draw < 0:
                return active
        return None

    def strike_media(self, step: Step, phone_number_id: str) -> ActiveRule[MediaRule] | None:
        """The rule that strikes this call about media, if any: the first whose draw says so. It is counted."""
        for active in self.on_media:
            rule = active.rule
            concerned = rule.step == step and rule.where.covers(phone_number_id, "")
            if concerned and active.strikes(self._streams.stream("faults.media")):
                return active
        return None

    def fate_of_update(self, name: str, *, wamid: str, phone_number_id: str, wa_id: str) -> Fate:
        """What happens to an update (a status, or `inbound`). Each rule draws for itself, so faults combine."""
        fate = Fate()
        for active in self.on_webhooks:
            rule = active.rule
            if rule.concerns(name) and rule.where.covers(phone_number_id, wa_id):
                self._apply(active, wamid, fate)
            if fate.silent:
                break
        return fate

    def as_json(self) -> list[dict[str, object]]:
        active = [*self.on_sends, *self.on_webhooks, *self.on_media]
        return [one.as_json() for one in sorted(active, key=lambda one: one.place)]

    def _apply(self, active: ActiveRule[WebhookRule], wamid: str, fate: Fate) -> None:
        rule = active.rule
        chance = self._streams.stream(f"faults.{rule.kind}")
        of_messages = isinstance(rule, Drop | Only | FailLater)
        struck = active.strikes_message(wamid, chance) if of_messages else active.strikes(chance)
        if not struck:
            return
        fate.struck.append(active)
        match rule:
            case Drop() | Only():
                fate.silent = True
            case FailLater():
                fate.fails = (chance.uniform(*rule.seconds), rule.code)
            case Delay():
                fate.delay_s += chance.uniform(*rule.seconds)
            case Reorder():
                fate.shuffle_s = rule.window_s
            case Repeat():
                fate.copies_after_s += [chance.uniform(*rule.later_s) for _ in range(rule.times)]
