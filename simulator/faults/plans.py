"""Named plans: the mixes of faults against which a product should be proved, each a list of rules made on demand.

Chosen by `PUT /_sim/faults` and `--faults`. A plan's seed decides everything that its rules draw, so that the same plan
with the same seed against the same calls strikes alike. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Annotated, Final

import msgspec

from simulator.delays import Lognormal
from simulator.faults import call_rules as calls
from simulator.faults import update_rules as updates
from simulator.faults.rules import AnyRule

LateSeconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`late_s`: longer than the product waits, in real seconds for answers and in simulated ones for statuses."""

    plan: Annotated[str, msgspec.Meta(max_length=64)]
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0
    late_s: LateSeconds = 60.0

    def __post_init__(self) -> None:
        if self.plan not in PLANS:
            raise ValueError(f"there is no plan {self.plan[:64]!r}; there are {', '.join(PLANS)}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a plan is made, and a sentence on what it is for."""

    about: str
    make: Callable[[Plan], list[AnyRule]]


def rules_of(plan: Plan) -> list[AnyRule]:
    return PLANS[plan.plan].make(plan)


def as_json() -> list[dict[str, object]]:
    """Every plan with its sentence, and the rules that it makes with seed 0."""
    return [
        {"plan": name, "about": recipe.about, "rules": msgspec.to_builtins(recipe.make(Plan(plan=name)))}
        for name, recipe in PLANS.items()
    ]


def _mixed_webhooks(_plan: Plan) -> list[AnyRule]:
    return [
        *(updates.Repeat(times=times, later_s=(0.0, 3.0), share=0.2) for times in (1, 2, 3, 4)),
        updates.Delay(seconds=(0.0, 5.0), share=0.3),
        updates.Reorder(window_s=2.0, share=0.5),
        updates.Batch(size=50, window_s=1.0, share=0.3),
    ]


def _lossy_sends(plan: Plan) -> list[AnyRule]:
    late_s = plan.late_s
    return [
        calls.DropBefore(share=0.04),
        calls.DropAfter(share=0.05),
        calls.Slow(seconds=late_s, share=0.01),
        calls.SlowBefore(seconds=late_s, share=0.01),
        calls.MetaError(code=130429, http=429, share=0.05),
        calls.ErrorBefore(http=500, share=0.004),
        calls.ErrorAfter(http=500, share=0.004),
        calls.ErrorAfter(http=502, share=0.006),
        calls.ErrorAfter(http=504, share=0.006),
        *(calls.GarbageAfter(form=form, share=0.0025) for form in ("html", "empty", "no_ids", "wrong_ids")),
    ]


def _with(*rules: Callable[[Plan], AnyRule]) -> Callable[[Plan], list[AnyRule]]:
    """The lossy sends, and these rules on their statuses."""
    return lambda plan: [*_lossy_sends(plan), *(rule(plan) for rule in rules)]


def _early(_plan: Plan) -> AnyRule:
    return calls.Slow(seconds=(0.5, 1.0), share=0.8)


def _late(plan: Plan) -> AnyRule:
    return updates.Delay(seconds=(plan.late_s, 2 * plan.late_s), of=("sent", "delivered", "read", "failed"))


def _lost(_plan: Plan) -> AnyRule:
    return updates.Drop()


def _only_read(_plan: Plan) -> AnyRule:
    return updates.Only(statuses=("read",))


def _failed_last(_plan: Plan) -> AnyRule:
    return updates.FailLater(of=("read",))


def _reused(_plan: Plan) -> list[AnyRule]:
    return [calls.CloseOnReuse(by="close", share=0.1), calls.CloseOnReuse(by="reset", share=0.1)]


def _cut_answers(_plan: Plan) -> list[AnyRule]:
    return [
        calls.HalfAnswer(cut="headers", by="reset", share=0.1),
        calls.HalfAnswer(cut="middle", share=0.05),
        calls.HalfAnswer(cut=12, share=0.05),
    ]


def _half_requests(_plan: Plan) -> list[AnyRule]:
    return [calls.HalfRequest(by="close", share=0.1), calls.HalfRequest(by="reset", share=0.1)]


def _broken_connections(plan: Plan) -> list[AnyRule]:
    return [*_reused(plan), *_cut_answers(plan), *_half_requests(plan)]


def _everything(plan: Plan) -> list[AnyRule]:
    """A handful of rules that the seed chooses, each for a while that it chooses too."""
    chance = Random(plan.seed)  # noqa: S311 - chance, not secrecy
    latency = Lognormal(0.25, 2.0)
    choices: list[Callable[[float, float], AnyRule]] = [
        lambda start, end: calls.DropBefore(share=0.1, from_s=start, until_s=end),
        lambda start, end: calls.DropAfter(share=0.1, by="reset", from_s=start, until_s=end),
        lambda start, end: calls.Slow(seconds=latency, share=0.5, from_s=start, until_s=end),
        lambda start, end: calls.SlowBefore(seconds=latency, share=0.3, from_s=start, until_s=end),
        lambda start, end: calls.MetaError(code=131000, share=0.1, from_s=start, until_s=end),
        lambda start, end: calls.MetaError(code=130429, http=429, share=0.2, from_s=start, until_s=end),
        lambda start, end: calls.ErrorAfter(http=502, share=0.1, from_s=start, until_s=end),
        lambda start, end: calls.GarbageAfter(form="no_ids", share=0.05, from_s=start, until_s=end),
        lambda start, end: calls.HalfAnswer(cut="headers", by="reset", share=0.1, from_s=start, until_s=end),
        lambda start, end: calls.HalfRequest(share=0.1, from_s=start, until_s=end),
        lambda start, end: calls.CloseOnReuse(share=0.1, from_s=start, until_s=end),
        lambda start, end: calls.DripAfter(seconds=0.5, share=0.1, from_s=start, until_s=end),
        lambda start, end: updates.Repeat(times=2, later_s=(0.0, 3.0), share=0.5, from_s=start, until_s=end),
        lambda start, end: updates.Delay(seconds=(0.0, 5.0), share=0.5, from_s=start, until_s=end),
        lambda start, end: updates.Reorder(window_s=2.0, share=0.5, from_s=start, until_s=end),
        lambda start, end: updates.Batch(size=200, window_s=2.0, from_s=start, until_s=end),
        lambda start, end: updates.Sign(using="wrong", share=0.2, from_s=start, until_s=end),
        lambda start, end: updates.Hold(from_s=start, until_s=min(end, start + 5.0)),
    ]
    rules = []
    for choose in chance.sample(choices, chance.randint(4, 8)):
        start = chance.uniform(0, 30)
        rules.append(choose(start, start + chance.uniform(5, 30)))
    return rules


PLANS: Final[dict[str, Recipe]] = {
    "c8": Recipe("webhooks repeated up to five times, reshuffled, late and in other batches", _mixed_webhooks),
    "c12": Recipe(
        "4 % cut before, 5 % of the answers lost, 2 % late, 5 % throttled, 2 % server errors, 1 % garbage", _lossy_sends
    ),
    "c13-lost": Recipe("c12, and no status ever comes", _with(_lost)),
    "c13-late": Recipe("c12, and statuses come later than `late_s`", _with(_late)),
    "c13-early": Recipe("c12, and most statuses come before the answer to the send", _with(_early)),
    "c13-only-read": Recipe("c12, and no status but `read` ever comes", _with(_only_read)),
    "c13-failed-last": Recipe("c12, and a `failed` status comes after `read`", _with(_failed_last)),
    "c14": Recipe("c14-reuse, c14-answer and c14-request together", _broken_connections),
    "c14-reuse": Recipe("kept connections are closed at the moment when they are used again", _reused),
    "c14-answer": Recipe("the connection is reset after the headers of the answer, or cut in it", _cut_answers),
    "c14-request": Recipe("half of the request is taken in, then the connection is cut", _half_requests),
    "c29": Recipe("a handful of faults that the seed chooses, each for a while of the first minute", _everything),
}
