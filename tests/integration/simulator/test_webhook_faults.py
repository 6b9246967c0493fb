"""Planned faults on webhooks, over real connections: what the product gets, and what the ledger says of it."""

import asyncio

import pytest

from simulator.checker import Observed, SeenMessage, check

NUMBER, ANN, BEN = "300000000000003", "15550100001", "15550100002"
OPAQUE = "t1.00000000000000000000000000000001.1.mac"


@pytest.fixture
async def direct(simulator):
    """Each update has its own POST, and they leave one after the other."""
    settings = {"closed_window": "allow", "webhook_batch": 1, "webhook_concurrency": 1}
    await simulator.control("PUT", "settings", settings)
    return simulator


async def plan(simulator, *rules: dict) -> None:
    await simulator.control("PUT", "faults", list(rules))


async def of_kind(simulator, kind: str) -> list[dict]:
    return [entry for entry in await simulator.ledger() if entry["kind"] == kind]


async def sent(simulator, **more: object) -> str:
    return (await simulator.send(**more)).json["messages"][0]["id"]


async def test_drop_is_silent_for_one_message_and_not_for_the_next(direct, receiver):
    await plan(direct, {"kind": "drop", "count": 1})
    first = await sent(direct, biz_opaque_callback_data=OPAQUE)
    await direct.quiet()
    second = await sent(direct)
    summary = await direct.quiet()
    assert receiver.statuses_of(first) == []
    assert receiver.statuses_of(second) == ["sent", "delivered", "read"]
    assert summary["webhooks"]["posts"] == 3
    statuses = [(e["status"], e["apps"]) for e in await of_kind(direct, "status") if e["wamid"] == first]
    assert statuses == [("sent", []), ("delivered", []), ("read", [])]
    faults = await of_kind(direct, "fault")
    assert [(e["fault"], e["status"], e["wamid"]) for e in faults] == [
        ("drop", name, first) for name in ("sent", "delivered", "read")
    ]
    assert {e["biz_opaque_callback_data"] for e in faults} == {OPAQUE}
    chat = await direct.control("GET", f"people/{ANN}/chat")
    assert chat["threads"][0]["messages"][0]["ticks"].keys() == {"sent", "delivered", "read"}


async def test_only_read_is_ever_sent(direct, receiver):
    await plan(direct, {"kind": "only", "statuses": ["read"]})
    wamid = await sent(direct)
    await direct.quiet()
    assert receiver.statuses_of(wamid) == ["read"]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"of": ["sent"]}, ["sent", "failed", "delivered", "read"]),
        ({"of": ["read"], "code": 131049}, ["sent", "delivered", "read", "failed"]),
        ({"of": ["sent", "delivered", "read"], "seconds": [60, 60]}, ["sent", "delivered", "read", "failed"]),
    ],
)
async def test_meta_may_still_fail_what_it_has_sent(direct, receiver, rule, wanted):
    await plan(direct, {"kind": "fail_later", **rule})
    wamid = await sent(direct)
    await direct.quiet()
    assert receiver.statuses_of(wamid) == wanted
    failed = next(update for update in receiver.accepted if update["status"] == "failed")
    assert failed["errors"][0]["code"] == rule.get("code", 131026)
    assert (await of_kind(direct, "fault"))[0]["fault"] == "fail_later"


async def test_a_delayed_status_comes_after_later_ones(direct, receiver):
    await plan(direct, {"kind": "delay", "seconds": [60, 60], "of": ["sent"]})
    wamid = await sent(direct)
    await direct.quiet()
    assert receiver.statuses_of(wamid) == ["delivered", "read", "sent"]
    (fault,) = await of_kind(direct, "fault")
    (entry,) = [e for e in await of_kind(direct, "status") if e["status"] == "sent"]
    assert (fault["fault"], fault["update"], fault["seq"]) == ("delay", entry["seq"], entry["seq"] + 1)


async def test_a_delayed_update_is_owed_and_survives_a_kill(start_simulator, receiver, tmp_path):
    first = await start_simulator("--data", str(tmp_path))
    await first.configure(receiver.url)
    await plan(first, {"kind": "delay", "seconds": [86_400, 86_400]})
    written = await first.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    summary = await first.control("GET", "ledger/summary")
    assert (summary["scheduled"], summary["webhooks"]["pending_updates"]) == (1, 1)
    first.process.kill()
    await first.process.wait()
    await start_simulator("--data", str(tmp_path))
    await receiver.until(lambda: receiver.accepted)
    assert [update["id"] for update in receiver.accepted] == [written["id"]]


async def test_reorder_sends_the_same_updates_in_another_order(direct, receiver):
    await plan(direct, {"kind": "reorder", "window_s": 60, "of": ["inbound"]})
    texts = [str(n) for n in range(12)]
    for text in texts:
        await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": text})
    await direct.quiet()
    came = [update["text"]["body"] for update in receiver.accepted]
    assert sorted(came) == sorted(texts)
    assert came != texts


async def test_repeats_have_the_same_bytes_and_are_no_retries(direct, receiver, signed):
    await plan(direct, {"kind": "repeat", "times": 3, "later_s": [0, 5], "of": ["inbound"]})
    await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    summary = await direct.quiet()
    assert len(receiver.posts) == 4
    assert len({post.body for post in receiver.posts}) == 1
    assert all(signed(post) for post in receiver.posts)
    assert summary["webhooks"]["posts"] == 4
    assert summary["webhooks"]["acknowledged"] == 1
    assert summary["webhooks"]["retries"] == 0
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 1}
    posts = await of_kind(direct, "webhook")
    original = posts[0]["post"]
    assert [(e["outcome"], e["copy_of"]) for e in posts] == [("acknowledged", None)] + [("copy", original)] * 3


async def test_copies_come_at_the_same_time(simulator, receiver, wait_until):
    await plan(simulator, {"kind": "repeat", "times": 4})
    receiver.hold = asyncio.Event()
    under_way = 0
    release = asyncio.Event()

    class Counting:
        async def wait(self) -> None:
            nonlocal under_way
            under_way += 1
            await release.wait()

        def set(self) -> None:
            release.set()

    receiver.hold = Counting()
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await wait_until(lambda: under_way == 5)
    assert (await simulator.control("GET", "ledger/summary"))["scheduled"] == 4
    release.set()
    await simulator.quiet()
    assert len(receiver.posts) == 5


async def test_a_copy_that_is_refused_does_not_come_again_and_settles_nothing(direct, receiver):
    await plan(direct, {"kind": "repeat", "times": 1})
    receiver.answers.extend([503, 503])
    await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    summary = await direct.quiet()
    assert sorted(e["outcome"] for e in await of_kind(direct, "webhook")) == ["acknowledged", "copy", "retry"]
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 1}


async def test_retries_can_be_made_short_without_making_time_fast(start_simulator, receiver):
    simulator = await start_simulator(time_scale=1)
    await simulator.configure(receiver.url)
    retries = {"webhook_retry_steps_s": [0, 0.01], "webhook_give_up_s": 0.1}
    await simulator.control("PUT", "settings", {"closed_window": "allow", **retries})
    receiver.answers.extend([503] * 1000)
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    summary = await simulator.quiet()
    assert summary["webhooks"]["dropped_updates"] == 1
    assert 3 <= len(receiver.posts) <= 12


async def test_retries_that_would_never_pause_are_refused(simulator):
    for steps in ([], [1, 0], [-1, 1]):
        refused = await simulator.call("PUT", "/_sim/settings", {"webhook_retry_steps_s": steps})
        assert refused.status == 400
        assert "webhook_retry_steps_s" in refused.error["message"]


async def test_without_subscribed_apps_there_is_nothing_to_strike(simulator, receiver):
    await simulator.control("PUT", "wabas/200000000000002", {"subscribed_apps": []})
    await plan(simulator, {"kind": "delay", "seconds": [1, 1]})
    await simulator.send()
    await simulator.quiet()
    assert await of_kind(simulator, "fault") == []


async def test_the_checker_reads_a_real_ledger(direct):
    await plan(
        direct,
        {"kind": "drop", "where": {"recipient": BEN}},
        {"kind": "repeat", "share": 0.5},
        {"kind": "reorder", "window_s": 1},
        {"kind": "error_after", "count": 1},
    )
    await direct.control("PUT", f"people/{BEN}", {"name": "Ben"})
    opaque = [f"t1.{n:032x}.1.mac" for n in range(4)]
    await direct.send(biz_opaque_callback_data=opaque[0])
    await direct.send(biz_opaque_callback_data=opaque[1], to=f"+{BEN}")
    await direct.send(biz_opaque_callback_data=opaque[2], to="+15550199999")
    inbound = await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await direct.quiet()
    states = ["read", "accepted", "failed", "cancelled"]
    messages = [SeenMessage(id=opaque[n].split(".")[1], accepted=True, state=state) for n, state in enumerate(states)]
    entries = await direct.ledger()
    verdict = check(entries, Observed(messages=messages, inbound=[inbound["id"]]))
    assert verdict.ok, verdict
    assert verdict.faults["error_after"] == 1
    assert verdict.faults["drop"] == 3
    await direct.send(biz_opaque_callback_data=opaque[0])
    await direct.send(biz_opaque_callback_data=opaque[3])
    worse = check(await direct.ledger(), Observed(messages=messages))
    first, last = (f"00000000-0000-0000-0000-00000000000{n}" for n in (0, 3))
    assert (worse.duplicated, worse.lied, worse.inbound_lost) == ({first: 2}, [last], [inbound["id"]])


async def test_updates_are_batched_by_force(direct, receiver):
    await plan(direct, {"kind": "batch", "size": 25, "window_s": 20})
    for n in range(30):
        await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": str(n)})
    await direct.quiet()
    assert sorted(len(post.updates) for post in receiver.posts) == [5, 25]
    assert len(receiver.accepted) == 30


async def test_a_batch_is_no_longer_than_metas_longest_post(direct, receiver):
    await plan(direct, {"kind": "batch", "size": 1000, "window_s": 60})
    text = "ä" * 4000  # 24 kB each, as Meta escapes it
    for _ in range(150):
        await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": text})
    await direct.quiet()
    assert [len(post.body) < 3_000_000 for post in receiver.posts] == [True, True]
    assert max(len(post.body) for post in receiver.posts) > 2_900_000
    assert len(receiver.accepted) == 150


async def test_nothing_is_delivered_while_webhooks_are_held_and_then_everything(direct, receiver):
    receiver.answers.append(503)
    await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "early"})
    await plan(direct, {"kind": "hold", "until_s": 40})  # simulated: two real seconds
    before = len(receiver.posts)
    for n in range(5):
        await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": str(n)})
    summary = await direct.control("GET", "ledger/summary")
    assert summary["webhooks"]["pending_updates"] >= 5
    assert len(receiver.posts) <= before + 1  # one may have been on its way
    summary = await direct.quiet()
    assert summary["inbound"] == {"emitted": 6, "acknowledged": 6}


async def test_ending_the_faults_ends_a_hold(direct, receiver):
    await plan(direct, {"kind": "hold", "until_s": 86_400})
    await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    assert receiver.posts == []
    await direct.control("DELETE", "faults")
    await direct.quiet()
    assert len(receiver.accepted) == 1


async def test_a_signature_is_wrong_on_purpose_and_right_again(direct, receiver, signed):
    await plan(direct, {"kind": "sign", "using": "wrong", "attempts": 2, "of": ["inbound"]})
    receiver.answers.extend([401, 401])
    await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await direct.quiet()
    assert [signed(post) for post in receiver.posts] == [False, False, True]
    assert (await of_kind(direct, "fault"))[0]["fault"] == "sign"


async def test_a_signature_is_made_with_the_previous_secret(direct, receiver, signed):
    app = {"name": "App", "callback_url": receiver.url, "verify_token": "a verify token of tests"}
    await direct.control("PUT", "apps/100000000000001", {**app, "app_secret": "the next secret"})
    await plan(direct, {"kind": "sign", "using": "previous", "of": ["inbound"], "count": 1})
    for _ in range(2):
        await direct.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
        await direct.quiet()
    assert [signed(post) for post in receiver.posts] == [True, False]
    assert signed(receiver.posts[1], "the next secret")


async def test_plans_are_listed_and_set_by_name(direct):
    listed = (await direct.control("GET", "faults/plans"))["data"]
    assert {"c12", "c13-lost", "c14", "c29"} <= {one["plan"] for one in listed}
    shown = await direct.control("PUT", "faults", {"plan": "c12", "seed": 7, "late_s": 3})
    assert [rule["kind"] for rule in shown["data"]][:2] == ["drop_before", "drop_after"]
    refused = await direct.call("PUT", "/_sim/faults", {"plan": "c99"})
    assert refused.status == 400
    assert "there is no plan 'c99'; there are c8, c12" in refused.error["message"]


async def test_the_seed_of_a_plan_repeats_its_strikes(direct):
    await direct.control("PUT", "settings", {"closed_window": "allow", "limits": {"pair": "off", "throughput": "off"}})
    runs = []
    for seed in (7, 7, 8):
        after = (await direct.control("GET", "ledger/summary"))["last_seq"]
        await direct.control("PUT", "faults", {"plan": "c14-request", "seed": seed})
        for _ in range(60):
            try:
                await direct.send()
            except Exception:  # cut, as planned
                continue
        await direct.quiet()
        page = await direct.control("GET", f"ledger?after={after}&limit=10000")
        runs.append([entry["kind"] for entry in page["entries"] if entry["kind"] in ("send", "fault")])
    assert runs[0] == runs[1] != runs[2]
    assert 3 <= runs[0].count("fault") <= 30
