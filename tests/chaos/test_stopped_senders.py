"""A sender that stands still for longer than others wait for it, and then goes on, sends nothing twice.

So does one whose answer comes after the statuses.
"""

from functools import partial

import pytest

from tests.chaos.harness.keeper import Arms, Keeper
from tests.chaos.harness.meta import Json
from tests.chaos.harness.product import SEND_TIMEOUT_S
from tests.chaos.harness.scene import Scene
from tests.harness.nemesis import Nemesis
from tests.harness.waiting import until

IDLE_MS = 200
"""Workers get six times as much."""
SHORTEST_S, LONGEST_S = 0.5 * SEND_TIMEOUT_S, 3 * SEND_TIMEOUT_S
POINTS = ("ow.rendered", "ow.sending_committed", "ow.response_read")
LONGEST_PAUSE_S = 0.5
ON_THE_WIRE: Json = {"kind": "slow", "seconds": 0.3}
"""Meta takes its time to answer, so that a stop finds messages on their way."""


async def has_passed_on(scene: Scene, sender: Keeper) -> None:
    """Waits until a sender that was stopped and is now alone has sent something else: what it held is behind it."""
    await scene.product.stop("outbound 2")
    await scene.customer.send_all(scene.texts(1, "hold"))
    await scene.drain()
    assert sender.lives[-1].code is None


@pytest.mark.proves("G7", "G8", "C16", "K21")
async def test_stopped_with_its_transaction_open(scene: Scene) -> None:
    sender = await scene.product.run(
        "outbound", arms=Arms("ow.rendered=stop", 1), idle_in_transaction_timeout_ms=IDLE_MS
    )
    texts = scene.texts(2, "hold", "retry")
    await scene.customer.send_all(texts)
    await sender.stands_still()
    await until(scene.nothing_idles, "PostgreSQL ends the transaction of the process that stands still")
    await scene.product.run("outbound 2")
    await scene.has_read(len(texts))  # the others go on meanwhile
    sender.go_on()
    await has_passed_on(scene, sender)
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert all(len(attempts) == 1 for attempts in judgement.sends.values())
    assert judgement.in_state("held") == []


@pytest.mark.proves("G7", "G8", "C16", "K22")
@pytest.mark.parametrize(
    ("action", "until_decided"),
    [("stop", False), ("stop", True), ("sleep:4", False)],
    ids=["until it is unknown", "until it is decided", "by a loop that hangs"],
)
async def test_stopped_between_commit_and_write(scene: Scene, action: str, *, until_decided: bool) -> None:
    sender = await scene.product.run("outbound", arms=Arms(f"ow.sending_committed={action}", 1))
    await scene.customer.send_all(scene.texts(2, "hold", "retry"))
    await until(scene.is_sending, "a message is on its way")
    await scene.product.run("outbound 2")
    await until(scene.is_in_doubt, "the rescuer has found it")
    if until_decided:
        await scene.drain()
    sender.go_on()
    await has_passed_on(scene, sender)
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert all(len(attempts) == 1 for attempts in judgement.sends.values())
    assert not judgement.excused


@pytest.mark.proves("G7", "G8", "C16", "K21", "K22")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stops", [3, pytest.param(20, marks=pytest.mark.long)])
async def test_stopped_again_and_again(scene: Scene, seed: int, stops: int) -> None:
    """At random moments, or by a loop that hangs before the commit, after it, or while answers come."""
    await scene.meta.plan(ON_THE_WIRE)
    await scene.product.run("outbound 2")

    async def stand_still() -> None:
        await scene.product.roles["outbound"].stand_still(scene.chance.uniform(SHORTEST_S, LONGEST_S))

    async def hang_at(failpoint: str) -> None:
        seconds = scene.chance.uniform(SHORTEST_S, LONGEST_S)
        await scene.product.run("outbound", arms=Arms(f"{failpoint}=sleep:{seconds:.2f}", 1))

    strikes = {"outbound": stand_still, **{point: partial(hang_at, point) for point in POINTS}}
    victims = ["outbound", *POINTS, "outbound", "outbound"]
    nemesis = Nemesis(seed, strikes, steps=stops, longest_pause_s=LONGEST_PAUSE_S, victims=victims)
    await scene.send_under(nemesis, scene.texts(stops, "hold", "retry"))
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert not judgement.excused


@pytest.mark.proves("G7", "G9", "G10", "C13", "K24")
async def test_statuses_that_come_before_the_answer(scene: Scene) -> None:
    await scene.meta.plan({"kind": "slow", "seconds": 2.5})
    await scene.product.run("outbound", send_timeout_s=30)
    texts = scene.texts(1, "hold", "retry")
    await scene.customer.send_all(texts)
    await scene.has_read(len(texts))
    assert not await scene.events("message.accepted")

    async def answered() -> bool:
        return len(await scene.events("message.accepted")) == len(texts)

    await until(answered, "every answer has come")
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert len(judgement.in_state("read")) == len(texts)  # and the answer lowers nothing
    assert all(message["attempts"] == 1 for message in judgement.messages.values())
