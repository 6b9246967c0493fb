"""Handshake, retries, batches, several apps: what the product's webhook endpoint meets."""

import asyncio

from aiohttp import web

APP, WABA, NUMBER, ANN = "100000000000001", "200000000000002", "300000000000003", "15550100001"


def app_body(receiver, **changes: object) -> dict:
    return {"app_secret": "s3cret", "callback_url": receiver.url, "verify_token": "vt", **changes}


async def test_the_handshake_is_metas(simulator, receiver):
    (asked,) = receiver.handshakes
    assert asked["hub.mode"] == "subscribe"
    assert asked["hub.challenge"].isdigit()
    assert asked["hub.verify_token"] == "a verify token of tests"


async def test_a_failed_handshake_is_reported_and_changes_nothing(simulator, receiver):
    before = await simulator.control("GET", f"apps/{APP}")
    for answer, reason in [
        (lambda _text: web.Response(status=403), "it answered 403 instead of 200"),
        (lambda text: web.Response(text=f'"{text}"'), "not with the challenge alone"),
        (lambda _text: web.Response(text=""), "not with the challenge alone"),
    ]:
        receiver.challenge_answer = answer
        refused = await simulator.call("PUT", f"/_sim/apps/{APP}", app_body(receiver, name="Changed"))
        assert refused.status == 422
        assert reason in refused.error["message"]
        assert "nothing was changed" in refused.error["message"]
    assert await simulator.control("GET", f"apps/{APP}") == before


async def test_a_callback_that_cannot_be_reached_is_reported(simulator, receiver):
    body = app_body(receiver, callback_url="http://127.0.0.1:1/nobody")
    refused = await simulator.call("PUT", f"/_sim/apps/{APP}", body)
    assert refused.status == 422
    assert "could not be reached" in refused.error["message"]


async def test_anything_but_200_is_tried_again_with_the_same_bytes(simulator, receiver, signed):
    receiver.answers.extend([500, 204, 302, 404])
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await receiver.until(lambda: receiver.accepted)
    assert [post.answered for post in receiver.posts] == [500, 204, 302, 404, 200]
    assert len({post.body for post in receiver.posts}) == 1
    assert all(signed(post) for post in receiver.posts)
    summary = await simulator.quiet()
    assert summary["webhooks"]["retries"] == 4
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 1}
    outcomes = [(e["attempt"], e["http"], e["outcome"]) for e in await simulator.ledger() if e["kind"] == "webhook"]
    assert outcomes == [
        (1, 500, "retry"),
        (2, 204, "retry"),
        (3, 302, "retry"),
        (4, 404, "retry"),
        (5, 200, "acknowledged"),
    ]


async def test_meta_gives_up_after_seven_days(start_simulator, receiver):
    simulator = await start_simulator(time_scale=2_000_000)
    await simulator.configure(receiver.url)
    receiver.answers.extend([503] * 100_000)
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    summary = await simulator.quiet()
    assert summary["webhooks"]["dropped_updates"] == 1
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 0}
    assert (await simulator.ledger())[-1]["outcome"] == "dropped"


async def test_a_slow_endpoint_times_out_and_gets_it_again(simulator, receiver):
    settings = {"closed_window": "allow", "webhook_timeout_s": 0.2}
    await simulator.control("PUT", "settings", settings)
    receiver.hold = asyncio.Event()
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await simulator.until_ledger(lambda entry: entry.get("error") == "timeout")
    receiver.hold.set()
    summary = await simulator.quiet()
    assert summary["inbound"]["acknowledged"] == 1


async def test_updates_share_posts_up_to_the_batch_size(simulator, receiver):
    settings = {"closed_window": "allow", "webhook_batch": 4, "webhook_window_s": 20, "sent_delay_s": [0, 0]}
    await simulator.control("PUT", f"people/{ANN}/online", {"online": False})
    await simulator.control("PUT", "settings", settings)
    for _ in range(8):
        await simulator.send()
    await simulator.quiet()
    assert [len(post.changes) for post in receiver.posts] == [4, 4]


async def test_without_batching_each_update_has_its_own_post(simulator, receiver):
    await simulator.control("PUT", "settings", {"closed_window": "allow", "webhook_batch": 1})
    for _ in range(5):
        await simulator.send()
    summary = await simulator.quiet()
    assert summary["webhooks"]["posts"] == 15
    assert {len(post.changes) for post in receiver.posts} == {1}


async def test_several_posts_are_under_way_at_once_but_not_too_many(simulator, receiver, wait_until):
    concurrency = {"closed_window": "allow", "webhook_batch": 1, "webhook_concurrency": 3}
    await simulator.control("PUT", "settings", concurrency)
    under_way, most = 0, 0
    release = asyncio.Event()

    async def counted() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await release.wait()
        under_way -= 1

    class Hold:
        async def wait(self) -> None:
            await counted()

        def set(self) -> None:
            release.set()

    receiver.hold = Hold()
    for _ in range(6):
        await simulator.send()
    await wait_until(lambda: under_way == 3)
    release.set()
    await simulator.quiet()
    assert most == 3


async def test_every_subscribed_app_gets_it_signed_with_its_own_secret(simulator, receiver, signed):
    other = "100000000000009"
    await simulator.control("PUT", f"apps/{other}", app_body(receiver, app_secret="other secret"))
    await simulator.control("PUT", f"wabas/{WABA}", {"subscribed_apps": [APP, other]})
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    summary = await simulator.quiet()
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 1}
    first, second = receiver.posts
    assert first.body == second.body
    assert {signed(first), signed(second)} == {True, False}
    assert {signed(first, "other secret"), signed(second, "other secret")} == {True, False}


async def test_an_account_without_subscribed_apps_sends_none(simulator, receiver):
    await simulator.control("PUT", f"wabas/{WABA}", {"subscribed_apps": []})
    await simulator.send()
    summary = await simulator.quiet()
    assert summary["statuses"]["read"] == {"emitted": 1, "acknowledged": 0}
    assert receiver.posts == []
