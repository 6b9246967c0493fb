"""The rules in force: counts what each has struck and draws, from the seed, what it strikes next.

Set by the control API and the command line, asked by the Graph endpoints, the emitter and the door. Without rules
nothing is drawn, and whoever asks has one `if` to pay for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final, Generic, TypeVar

import msgspec

from simulator.clock import Clock
from simulator.faults.call_rules import CallKind, CallRule, CloseOnReuse, HalfRequest, OnCalls
from simulator.faults.media_rules import MediaRule, OnMedia, Step
from simulator.faults.planned import PlannedFaults
from simulator.faults.plans import Plan, rules_of
from simulator.faults.rule import Latency, Subject, draw_s
from simulator.faults.rules import AnyRule
from simulator.faults.update_rules import (
    Batch,
    Delay,
    Drop,
    FailLater,
    Hold,
    Only,
    Outage,
    OutageRule,
    Refuse,
    Reorder,
    Repeat,
    Sign,
    UpdateRule,
)
from simulator.randomness import Streams
from simulator.scheduler import Scheduler

_MESSAGES_REMEMBERED = 100_000

AnyKind_co = TypeVar("AnyKind_co", bound=AnyRule, covariant=True)
Chance_co = TypeVar("Chance_co", bound=CallRule | UpdateRule | MediaRule, covariant=True)


class ActiveRule(Generic[AnyKind_co]):
    """A rule at its place in the list, and how often it has struck."""

    def __init__(self, place: int, rule: AnyKind_co) -> None:
        self.place = place
        self.rule: Final = rule
        self.injected = 0

    def as_json(self) -> dict[str, object]:
        return {**msgspec.to_builtins(self.rule), "injected": self.injected}


class ChancedRule(ActiveRule[Chance_co]):
    """One that strikes a share, and may be used up."""

    @property
    def used_up(self) -> bool:
        return self.rule.count is not None and self.injected >= self.rule.count

    def strikes(self, chance: Random) -> bool:
        """Whether it strikes this time; counted when it does."""
        struck = not self.used_up and chance.random() < self.rule.share
        self.injected += struck
        return struck


ActiveCallRule = ChancedRule[CallRule]


class ActiveUpdateRule(ChancedRule[UpdateRule]):
    def __init__(self, place: int, rule: UpdateRule) -> None:
        super().__init__(place, rule)
        self._messages: OrderedDict[str, bool] = OrderedDict()

    def has_struck(self, wamid: str) -> bool:
        """Whether it was decided that it strikes this message; that outlives the time of the rule."""
        return self._messages.get(wamid, False)

    def strikes_message(self, wamid: str, chance: Random) -> bool:
        """The same, decided when it is first asked about a message, and kept to."""
        struck = self._messages.get(wamid)
        if struck is None:
            struck = self._messages[wamid] = self.strikes(chance)
            if len(self._messages) > _MESSAGES_REMEMBERED:
                self._messages.popitem(last=False)
        return struck


@dataclass(frozen=True, slots=True)
class Arriving:
    """A call, as far as rules want to know it. `reused`: its connection has served another before."""

    kind: CallKind
    subject: Subject
    reused: bool = False


@dataclass(slots=True)
class Fate:
    """What the rules do to one update. `struck`: the rules that do it. All durations are simulated."""

    struck: list[ActiveUpdateRule] = field(default_factory=list)
    silent: bool = False
    delay_s: float = 0.0
    shuffle_s: float | None = None
    batch: ActiveUpdateRule | None = None
    signed: Sign | None = None
    copies_after_s: list[float] = field(default_factory=list)
    fails: tuple[float, int] | None = None  # after how long, with which code


class Faults:
    """`under_way`: calls that have arrived and are not processed yet, because a fault holds them back."""

    def __init__(self, streams: Streams, clock: Clock, scheduler: Scheduler) -> None:
        self._streams = streams
        self._clock = clock
        self._scheduler = scheduler
        self._set_at = clock.monotonic()
        self._watchers: list[Callable[[], None]] = []
        self._calls: list[ActiveCallRule] = []
        self._outages: list[ActiveRule[OutageRule]] = []
        self.on_webhooks: list[ActiveUpdateRule] = []
        self.on_media: list[ChancedRule[MediaRule]] = []
        self.under_way = 0

    def replace(self, planned: PlannedFaults) -> None:
        """Put these rules in force and no others. Counts begin anew; the draws go on, unless a plan brings a seed."""
        rules: Sequence[AnyRule]
        if isinstance(planned, Plan):
            rules, self._streams = rules_of(planned), Streams(planned.seed)
        else:
            rules = planned
        self._set_at = self._clock.monotonic()
        self._calls, self._outages, self.on_webhooks, self.on_media = [], [], [], []
        for place, rule in enumerate(rules):
            match rule:
                case OnCalls():
                    self._calls.append(ActiveCallRule(place, rule))
                case OnMedia():
                    self.on_media.append(ChancedRule(place, rule))
                case Outage():
                    self._outages.append(ActiveRule(place, rule))
                case _:
                    self.on_webhooks.append(ActiveUpdateRule(place, rule))
        self._follow_outages(self._outages)

    def watch(self, watcher: Callable[[], None]) -> None:
        """It is called whenever an outage may have begun or ended."""
        self._watchers.append(watcher)

    def stream(self, purpose: str) -> Random:
        """The chance of this purpose, from the seed of the run or of the plan."""
        return self._streams.stream(f"faults.{purpose}")

    @property
    def touch_calls(self) -> bool:
        return bool(self._calls or self._outages)

    def refusing(self) -> ActiveRule[OutageRule] | None:
        """The outage in which nobody is let in now, if there is one."""
        return self._outage(Refuse)

    @property
    def holding(self) -> bool:
        """Whether no webhook is to be delivered now."""
        return bool(self._outages) and self._outage(Hold) is not None

    def strike_request(self, kind: CallKind, phone_number_id: str) -> ActiveCallRule | None:
        """The rule that strikes a call whose body is not read yet, if any."""
        subject = Subject(phone_number_id)
        able = [active for active in self._calls if isinstance(active.rule, HalfRequest)]
        return self._one_of(self._due(able, Arriving(kind, subject)), "half_request")

    def strike_call(self, call: Arriving) -> ActiveCallRule | None:
        """The rule that strikes this call, if any. One draw decides, so the shares of several rules add up.

        The caller counts it in `injected` when the fault is really done.
        """
        able = [active for active in self._calls if not isinstance(active.rule, HalfRequest)]
        return self._one_of(self._due(able, call), "calls")

    def strike_media(self, step: Step, phone_number_id: str) -> ChancedRule[MediaRule] | None:
        """The rule that strikes this call about media, if any: the first whose draw says so. It is counted."""
        for active in self.on_media:
            concerned = active.rule.step == step and active.rule.where.covers(Subject(phone_number_id))
            if concerned and self._in_force(active) and active.strikes(self.stream("media")):
                return active
        return None

    def latency_s(self, latency: Latency) -> float:
        """Real seconds."""
        return draw_s(latency, self.stream("latency"))

    def fate_of_update(self, name: str, *, wamid: str, subject: Subject) -> Fate:
        """What happens to an update (a status, or `inbound`). Each rule draws for itself, so faults combine."""
        fate = Fate()
        for active in self.on_webhooks:
            rule = active.rule
            if not (rule.concerns(name) and rule.where.covers(subject)):
                continue
            if self._in_force(active) or active.has_struck(wamid):
                self._apply(active, wamid, fate)
            if fate.silent:
                break
        return fate

    def as_json(self) -> list[dict[str, object]]:
        active: list[ActiveRule[AnyRule]] = [*self._calls, *self._outages, *self.on_webhooks, *self.on_media]
        return [one.as_json() for one in sorted(active, key=lambda one: one.place)]

    def _in_force(self, active: ActiveRule[AnyRule]) -> bool:
        return active.rule.is_in_force(elapsed_s=self._elapsed_s(), now=self._clock.now())

    def _elapsed_s(self) -> float:
        return self._clock.elapsed_s(self._set_at)

    def _due(self, able: Iterable[ActiveCallRule], call: Arriving) -> list[ActiveCallRule]:
        return [
            active
            for active in able
            if not active.used_up
            and active.rule.concerns(call.kind)
            and active.rule.where.covers(call.subject)
            and (call.reused or not isinstance(active.rule, CloseOnReuse))
            and self._in_force(active)
        ]

    def _one_of(self, due: Sequence[ActiveCallRule], purpose: str) -> ActiveCallRule | None:
        if not due:
            return None
        draw = self.stream(purpose).random()
        for active in due:
            draw -= active.rule.share
            if draw < 0:
                return active
        return None

    def _apply(self, active: ActiveUpdateRule, wamid: str, fate: Fate) -> None:
        rule = active.rule
        chance = self.stream(rule.kind)
        of_messages = isinstance(rule, Drop | Only | FailLater)
        struck = active.strikes_message(wamid, chance) if of_messages else active.strikes(chance)
        if struck:
            fate.struck.append(active)
            _seal(fate, active, chance)

    def _outage(self, kind: type[Refuse] | type[Hold]) -> ActiveRule[OutageRule] | None:
        return next((one for one in self._outages if isinstance(one.rule, kind) and self._in_force(one)), None)

    def _follow_outages(self, outages: list[ActiveRule[OutageRule]]) -> None:
        """Tells the watchers now, and at each beginning and end of an outage, until other rules are set."""
        if outages is not self._outages:
            return
        for watcher in self._watchers:
            watcher()
        elapsed_s, now = self._elapsed_s(), self._clock.now()
        ahead = [
            after_s
            for one in outages
            for after_s in one.rule.ends_s(elapsed_s=elapsed_s, now=now)
            if 0 < after_s < math.inf
        ]
        if ahead:
            self._scheduler.after(min(ahead), partial(self._follow_outages, outages), background=True)


def _seal(fate: Fate, active: ActiveUpdateRule, chance: Random) -> None:
    match active.rule:
        case Drop() | Only():
            fate.silent = True
        case FailLater() as rule:
            fate.fails = (chance.uniform(*rule.seconds), rule.code)
        case Delay() as rule:
            fate.delay_s += chance.uniform(*rule.seconds)
        case Reorder() as rule:
            fate.shuffle_s = rule.window_s
        case Repeat() as rule:
            fate.copies_after_s += [chance.uniform(*rule.later_s) for _ in range(rule.times)]
        case Sign() as rule:
            fate.signed = rule
        case Batch():
            fate.batch = active
