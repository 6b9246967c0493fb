"""Many clients ask for the same message under one Idempotency-Key, while answers are cut and the API is killed.

Each repeats its request until it has a 202: there is one message for the key, and all are told the same of it.
"""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from uuid import uuid4

import pytest

from tests.chaos.harness.customer import Customer, Json, Text
from tests.chaos.harness.scene import Scene
from tests.harness.nemesis import Nemesis
from tests.harness.proxy import Proxy

CLIENTS = 20
KEYS_AT_ONCE = 2
LONGEST_PAUSE_S = 0.8
AN_ANSWER = 1000
"""Bytes; an answer is somewhat shorter, headers and all."""


def trouble(scene: Scene, proxy: Proxy, *, steps: int) -> Nemesis:
    """Answers are cut within the first, or later on a kept connection; all connections end; the API dies."""

    async def cut(most: int) -> None:
        proxy.change("down", cut_after=scene.chance.randrange(1, most), ending=scene.chance.choice(["close", "reset"]))

    async def end() -> None:
        proxy.change("down", cut_after=None)
        proxy.end_all("reset")

    strikes = {
        "an answer is cut": partial(cut, AN_ANSWER),
        "a later answer is cut": partial(cut, 4 * AN_ANSWER),
        "connections end": end,
        "api": scene.product.roles["api"].kill,
    }
    return Nemesis(scene.seed, strikes, steps=steps, longest_pause_s=LONGEST_PAUSE_S)


@pytest.mark.proves("G6", "G17", "C11")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("keys", "steps"), [pytest.param(8, 8, id="8 keys"), pytest.param(200, 60, id="200 keys", marks=pytest.mark.long)]
)
async def test_one_message_and_one_answer(scene: Scene, keys: int, steps: int) -> None:
    api = scene.product.roles["api"]
    kills_before = api.kills
    texts = iter(scene.texts(-(-keys // len(scene.people)), "hold", "retry")[:keys])
    answers: dict[str, list[Json]] = {}
    async with Proxy(("127.0.0.1", scene.product.port)) as proxy, AsyncExitStack() as clients:
        url = f"http://127.0.0.1:{proxy.port}"
        everybody = [await clients.enter_async_context(Customer(url, scene.customer.key)) for _ in range(CLIENTS)]

        async def ask_together() -> None:
            for text in texts:
                answers[text.body] = await ask_all(everybody, text)

        nemesis = trouble(scene, proxy, steps=steps)
        async with asyncio.TaskGroup() as asking:
            for _ in range(KEYS_AT_ONCE):
                asking.create_task(ask_together())
            async with nemesis.at_work():
                pass
            await proxy.heal()
        tries = sum(client.tries for client in everybody)
    assert len(answers) == keys
    for told in answers.values():
        assert all(one == told[0] for one in told)
    scene.customer.accepted = {body: told[0]["id"] for body, told in answers.items()}
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert len(judgement.messages) == len(judgement.in_state("read")) == keys
    assert api.kills - kills_before == nemesis.counts["api"]
    assert tries > keys * CLIENTS  # requests were cut, and repeated with their keys


async def ask_all(clients: list[Customer], text: Text) -> list[Json]:
    """All at the same time, under the same key."""
    key = str(uuid4())
    return await asyncio.gather(*(client.ask(text, key) for client in clients))
