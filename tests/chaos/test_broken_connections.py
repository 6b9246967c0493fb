"""Connections to Meta break where it hurts: on reuse, after the headers of an answer, within a request."""

from collections import Counter

import pytest

from tests.chaos.harness.scene import Scene
from tests.harness.waiting import until

EACH = 5
HUNDREDS = 17
"""So many to everybody are a little more than 200."""
LATE_S = 30.0


@pytest.mark.proves("G7", "G8", "C14")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("each", [EACH, pytest.param(HUNDREDS, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("plan", "kinds", "processed"),
    [
        pytest.param("c14-reuse", {"close_on_reuse"}, False, id="a kept connection is closed on reuse"),
        pytest.param("c14-answer", {"half_answer"}, True, id="the answer breaks off, after its headers too"),
        pytest.param("c14-request", {"half_request"}, False, id="half of the request is taken in"),
    ],
)
async def test_nothing_goes_twice_and_nothing_counts_as_not_sent(
    scene: Scene, seed: int, plan: str, kinds: set[str], *, processed: bool, each: int
) -> None:
    await scene.meta.play(plan, seed=seed, late_s=LATE_S)
    texts = scene.texts(each, "hold", "retry")
    await scene.customer.send_all(texts)
    judgement = await scene.judgement(drain_within_s=len(texts))
    judgement.assert_clean()
    assert not judgement.excused
    faults = [entry for entry in await scene.meta.ledger(scene.after) if entry["kind"] == "fault"]
    assert {fault["fault"] for fault in faults} == kinds
    assert {fault["processed"] for fault in faults} == {processed}
    # Bytes of each of them were written, so that none may count as certainly not sent: it would be sent again blindly.

    async def as_many_are_in_doubt() -> bool:
        return (await scene.outcomes())["ambiguous"] == len(faults)

    await until(as_many_are_in_doubt, f"{len(faults)} tries stay in doubt, whatever their statuses say before them")
    assert (await scene.outcomes())["not_sent"] == 0
    assert sum(Counter(message["state"] for message in judgement.messages.values()).values()) == len(texts)
    assert all(len(attempts) == 1 for attempts in judgement.sends.values())
