"""PostgreSQL commits and its reply is lost: nothing is acknowledged that is not stored, and everything has one effect.

A proxy before PostgreSQL lets the commit through and drops the reply, so that nobody can know how it ended.
"""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.harness.scene import Scene
from tests.conftest import Servers
from tests.harness.proxied import proxy_of_postgres, url_through
from tests.harness.proxy import Ending, Proxy
from tests.harness.waiting import until

LOST = 5
EACH = 2
A_BODY = b"whatsapp_business_account"
"""The inbox commits a body by the statement that stores it, with no COMMIT of its own."""


@pytest.fixture
async def proxy(servers: Servers) -> AsyncIterator[Proxy]:
    async with proxy_of_postgres(servers.postgres.address) as made:
        yield made


async def run_behind(proxy: Proxy, scene: Scene, role: str) -> None:
    """The role reaches PostgreSQL through the proxy alone."""
    name = "database_url" if role == "api" else "worker_database_url"
    url = getattr(scene.world.settings, name).get_secret_value()
    await scene.product.run(role, **{name: url_through(proxy, url)})
    if role == "api":
        await scene.product.answers()


async def all_are_lost(proxy: Proxy) -> None:
    async def lost() -> bool:
        return proxy.dropped == LOST

    await until(lost, f"{LOST} replies are lost, and {proxy.dropped} were")


@pytest.mark.proves("G3", "G4", "C6")
@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_of_the_inbox(scene: Scene, proxy: Proxy, ending: Ending) -> None:
    await run_behind(proxy, scene, "api")
    proxy.drop_replies_to(A_BODY, times=LOST, ending=ending)
    while proxy.dropped < LOST:
        await scene.let_people_write()
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert judgement.verdict.counts["inbound_stored"] == judgement.verdict.counts["inbound_written"]
    answers = [entry["http"] for entry in await scene.meta.ledger(scene.after) if entry["kind"] == "webhook"]
    assert answers.count(503) >= LOST  # what may be stored is refused all the same, and taken for a repetition later
    assert set(answers) == {200, 503}


@pytest.mark.proves("G6", "G17", "C6")
@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_of_accepted_messages(scene: Scene, proxy: Proxy, ending: Ending) -> None:
    await run_behind(proxy, scene, "api")
    proxy.drop_replies_to(b"COMMIT", times=LOST, ending=ending)
    texts = scene.texts(EACH, "hold", "retry")
    await scene.customer.send_all(texts)
    await all_are_lost(proxy)
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert len(judgement.in_state("read")) == len(judgement.messages) == len(texts)
    assert scene.customer.tries > len(texts)  # requests failed, and were repeated with their keys


@pytest.mark.proves("G3", "G7", "G8", "G9", "C6")
@pytest.mark.parametrize("role", ["outbound", "webhook"])
async def test_of_results_and_statuses(scene: Scene, proxy: Proxy, role: str) -> None:
    await run_behind(proxy, scene, role)
    proxy.drop_replies_to(b"COMMIT", times=LOST)
    texts = scene.texts(EACH, "hold", "retry")
    await scene.customer.send_all(texts)
    await all_are_lost(proxy)
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert len(judgement.in_state("read")) + len(judgement.in_state("held")) == len(texts)
    assert not judgement.excused  # statuses came in time, so nothing had to be sent twice
