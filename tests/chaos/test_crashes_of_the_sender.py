"""The outbound worker, or the Rescuer, is killed at a crash point five times: nothing is lost and nothing goes twice.

Every message is of one of both policies, taking turns.
"""

import pytest

from tests.chaos.harness.judge import Judgement
from tests.chaos.harness.keeper import Arms, Keeper
from tests.chaos.harness.meta import Json
from tests.chaos.harness.scene import Scene

KILLS = 5
EACH = KILLS
"""A life takes one message of each person at most before it dies, and on a busy machine it takes that many."""
LATE: Json = {"kind": "delay", "seconds": [2.6, 3.0], "of": ["sent"]}
"""Statuses that come when the Rescuer was there already, and still within the window."""


async def send_under_fire(scene: Scene, failpoint: str) -> tuple[Keeper, Judgement]:
    """Everything is accepted before the first life begins, so that each life has something to die of."""
    await scene.product.stop("outbound")
    await scene.customer.send_all(scene.texts(EACH, "hold", "retry"))
    sender = await scene.product.run("outbound", arms=Arms(f"{failpoint}=kill", KILLS))
    judgement = await scene.judgement()
    assert sender.deaths == KILLS
    return sender, judgement


@pytest.mark.proves("G7", "G8", "C15")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("ow.leased", marks=pytest.mark.proves("K13")),
        pytest.param("ow.selected", marks=pytest.mark.proves("K14")),
        pytest.param("ow.rendered", marks=pytest.mark.proves("K15")),
    ],
)
async def test_killed_before_the_commit(scene: Scene, failpoint: str) -> None:
    _, judgement = await send_under_fire(scene, failpoint)
    judgement.assert_clean()
    assert len(judgement.in_state("read")) == len(scene.people) * EACH
    assert all(len(attempts) == 1 for attempts in judgement.sends.values())  # which a late try may have made the second


@pytest.mark.proves("G7", "G8", "G9", "C15")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("ow.sending_committed", marks=pytest.mark.proves("K16")),
        pytest.param("ow.partial_write", marks=pytest.mark.proves("K17")),
    ],
)
async def test_killed_before_meta_could_know(scene: Scene, failpoint: str) -> None:
    await scene.product.stop("maintenance")  # so that nothing is decided before there is evidence
    sender = await scene.product.run("outbound", arms=Arms(f"{failpoint}=kill", KILLS))
    struck, later = scene.texts(1, "hold", "retry")[:KILLS], scene.texts(1, "hold", "retry")
    for kill, text in enumerate(struck, start=1):
        await scene.customer.send(text)
        await sender.has_died(kill)
    await scene.customer.send_all(later)
    await scene.has_read(len(later) - KILLS)  # the others' texts wait for those that may still be on the wire
    await scene.product.run("maintenance")
    judgement = await scene.judgement()
    judgement.assert_clean()
    for text in struck:
        message, sends = judgement.of(text), judgement.sends.get(scene.customer.accepted[text.body], [])
        expected = ("held", []) if text.on_ambiguous == "hold" else ("read", [2])
        assert (message["state"], sends) == expected
    assert all(judgement.of(text)["state"] == "read" for text in later)


@pytest.mark.proves("G7", "G8", "G9", "C15")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("ow.written", marks=pytest.mark.proves("K18")),
        pytest.param("ow.response_read", marks=pytest.mark.proves("K19")),
    ],
)
@pytest.mark.parametrize("rules", [(), (LATE,)], ids=["statuses at once", "statuses after the rescuer"])
async def test_killed_when_meta_has_it(scene: Scene, failpoint: str, rules: tuple[Json, ...]) -> None:
    await scene.meta.plan(*rules)
    _, judgement = await send_under_fire(scene, failpoint)
    judgement.assert_clean()
    doubtful = await scene.doubtful()
    assert len(doubtful) >= KILLS
    # What was on the wire beside the one that killed may not have left; then it is like the rows above.
    known = {id_ for id_ in doubtful if judgement.sends.get(id_, [])[:1] == [1]}
    assert len(known) >= KILLS
    for id_ in known:
        assert (judgement.messages[id_]["state"], judgement.sends[id_]) == ("read", [1])


@pytest.mark.proves("G7", "C15", "K20")
async def test_killed_when_the_result_is_committed(scene: Scene) -> None:
    _, judgement = await send_under_fire(scene, "ow.result_committed")
    judgement.assert_clean()  # one event of each kind, above all
    assert all(len(attempts) == 1 for attempts in judgement.sends.values())


@pytest.mark.proves("G7", "G8", "C15", "K23")
async def test_the_rescuer_is_killed_in_the_middle(scene: Scene) -> None:
    await scene.product.stop("outbound", "maintenance")
    await scene.customer.send_all(scene.texts(EACH, "hold", "retry"))
    sender = await scene.product.run("outbound", arms=Arms("ow.sending_committed=kill", 2))
    await sender.has_died(2)
    rescuer = await scene.product.run("maintenance", arms=Arms("rp.unknown_marked=kill", KILLS))
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert (sender.deaths, rescuer.deaths) == (2, KILLS)
    events = await scene.events("message.unknown")
    assert sorted(events) == sorted(await scene.doubtful())  # each told once
