"""The rules in force: counts what each has struck and draws, from the seed, what it strikes next.

Set by the control API and the command line, asked by the Graph endpoints. Without rules nothing is drawn,
and whoever asks has one `if` to pay for.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from simulator.faults.rules import AnyRule
from simulator.randomness import Streams


class ActiveRule:
    """A rule at its place in the list, and how often it has struck."""

    def __init__(self, place: int, rule: AnyRule) -> None:
        self.place = place
        self.rule = rule
        self.injected = 0

    def may_strike(self, phone_number_id: str, wa_id: str) -> bool:
        rule = self.rule
        return (rule.count is None or self.injected < rule.count) and rule.where.covers(phone_number_id, wa_id)

    def as_json(self) -> dict[str, object]:
        return {**msgspec.to_builtins(self.rule), "injected": self.injected}


class Faults:
    def __init__(self, streams: Streams) -> None:
        self._sends = streams.stream("faults")
        self._rules: list[ActiveRule] = []
        self.on_sends: list[ActiveRule] = []

    def replace(self, rules: Iterable[AnyRule]) -> None:
        """Put these rules in force and no others; their counts begin anew, the draws go on."""
        self._rules = [ActiveRule(place, rule) for place, rule in enumerate(rules)]
        self.on_sends = list(self._rules)

    def strike_send(self, phone_number_id: str, wa_id: str) -> ActiveRule | None:
        """The rule that strikes this send, if any. One draw decides, so the shares of several rules add up."""
        able = [active for active in self.on_sends if active.may_strike(phone_number_id, wa_id)]
        if not able:
            return None
        draw = self._sends.random()
        for active in able:
            draw -= active.rule.share
            if draw < 0:
                return active
        return None

    def as_json(self) -> list[dict[str, object]]:
        return [active.as_json() for active in self._rules]
