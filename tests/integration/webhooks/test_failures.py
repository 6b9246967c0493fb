"""What cannot be applied is kept, visible, and takes nothing else with it."""

from datetime import datetime

import pytest

from server.core.db import UNREACHABLE
from server.domain.errors import Refused
from server.queue.webhooks import WebhookQueue
from server.services.webhook_archive import WebhookArchive
from server.services.webhooks import MAX_ATTEMPTS, Webhooks
from tests.integration.webhooks.payloads import body, change, status, text

POISON = "15550199"


@pytest.fixture
async def poisonous(admin):
    """PostgreSQL refuses every message of one person, as a fault of ours would."""
    await admin.execute(
        f"""CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.value = '{POISON}' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER poison BEFORE INSERT ON contact_identities FOR EACH ROW EXECUTE FUNCTION poison()"""
    )
    yield
    await admin.execute("DROP TRIGGER IF EXISTS poison ON contact_identities; DROP FUNCTION poison()")


async def exhaust(receiver, world) -> None:
    """Lets every pause pass until no job is left."""
    for _ in range(MAX_ATTEMPTS + 2):
        await receiver.apply()
        await world.due_now()
    assert await world.jobs() == 0


@pytest.mark.proves("G5", "C9")
async def test_poison_in_one_body_takes_no_other_with_it(receiver, world, poisonous) -> None:
    number, meta = await world.number()
    good = [body(change(meta, messages=[text(f"wamid.G{index}")])) for index in range(20)]
    bad = body(
        change(meta, messages=[text("wamid.B0")]),
        change(meta, messages=[text("wamid.B1", sender=POISON), text("wamid.B2")]),
        change(meta, messages=[text("wamid.B3")]),
    )
    *_, inbox_id = await receiver.take_in(*good, bad)
    await receiver.apply()
    # After the first batch failed, every body was tried alone, and the poisonous one change by change.
    expected = {f"wamid.G{index}" for index in range(20)} | {"wamid.B0", "wamid.B2", "wamid.B3"}
    assert {row["wamid"] for row in await world.inbound(number)} == expected
    assert await world.jobs() == 1
    await exhaust(receiver, world)
    (failure,) = await world.failures(inbox_id)
    assert (failure["kind"], failure["change_index"]) == ("dead", 1)
    assert "RaiseError" in failure["error"]
    for row in await world.inbound(number):
        assert await world.event_types(row["id"]) == ["message.received"]


@pytest.mark.proves("G5")
async def test_the_others_of_a_claim_do_not_wait_for_the_poisonous_one(receiver, world, webhooks, poisonous) -> None:
    number, meta = await world.number()
    good = [body(change(meta, messages=[text(f"wamid.O{index}")])) for index in range(20)]
    bad = body(change(meta, messages=[text("wamid.P", sender=POISON)]))
    await receiver.take_in(*good[:13], bad, *good[13:], bad)
    await webhooks.process(await webhooks.sweep(100))
    assert {row["wamid"] for row in await world.inbound(number)} == {f"wamid.O{index}" for index in range(20)}
    again = await webhooks.sweep(100)
    assert [job.attempts for job in again] == [2]  # one alone; the other waits for its turn
    assert await world.jobs() == 2


@pytest.mark.proves("G5")
async def test_after_the_fault_is_mended_a_replay_applies_the_rest_once(
    receiver, world, poisonous, admin, api_db, valkey
) -> None:
    number, meta = await world.number()
    (inbox_id,) = await receiver.take_in(
        body(change(meta, messages=[text("wamid.R1", sender=POISON), text("wamid.R2")]))
    )
    await exhaust(receiver, world)
    archive = WebhookArchive(api_db, WebhookQueue(valkey))
    assert [letter.id for letter in await archive.dead_letters()] == [inbox_id]
    await admin.execute("DROP TRIGGER poison ON contact_identities")
    assert await archive.replay([inbox_id]) == 1
    assert await archive.dead_letters() == []
    await receiver.apply()
    assert sorted(row["wamid"] for row in await world.inbound(number)) == ["wamid.R1", "wamid.R2"]
    for row in await world.inbound(number):
        assert await world.event_types(row["id"]) == ["message.received"]
    assert await world.failures(inbox_id) == []
    (shown,) = await archive.recent(limit=1)
    assert (shown.id, shown.state, shown.attempts, shown.error) == (inbox_id, "applied", None, None)


@pytest.mark.proves("G5", "C10")
async def test_a_body_whose_worker_never_comes_back_is_given_up_after_five_attempts(receiver, world, webhooks) -> None:
    (inbox_id,) = await receiver.take_in(b"{}")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (job,) = await webhooks.sweep(10)
        assert (job.inbox_id, job.attempts) == (inbox_id, attempt)
        assert await webhooks.sweep(10) == []
        assert await webhooks.claim([inbox_id]) == []
        await world.due_now()
    await receiver.apply()
    assert await world.jobs() == 0
    (failure,) = await world.failures(inbox_id)
    assert (failure["kind"], failure["change_index"]) == ("dead", -1)


async def test_a_worker_that_comes_back_late_finds_its_work_done(receiver, world, webhooks, admin) -> None:
    (inbox_id,) = await receiver.take_in(body({"field": "weather", "value": {}}))
    late = await webhooks.sweep(10)
    await world.due_now()
    await receiver.apply()
    await admin.execute("DELETE FROM webhook_failures")
    await webhooks.process(late)
    assert await world.failures(inbox_id) == []


async def leases(admin) -> list[tuple[int, datetime]]:
    rows = await admin.fetch("SELECT attempts, available_at FROM webhook_jobs ORDER BY inbox_id")
    return [(row["attempts"], row["available_at"]) for row in rows]


@pytest.mark.proves("G5")
@pytest.mark.parametrize("tries", [1, 2], ids=["with others", "alone"])
async def test_a_worker_whose_lease_has_lapsed_does_not_put_off_what_another_works_on(
    receiver, world, webhooks, admin, poisonous, tries
) -> None:
    _, meta = await world.number()
    await receiver.take_in(body(change(meta, messages=[text("wamid.late", sender=POISON)])))
    for _ in range(tries):
        await world.due_now()
        late = await webhooks.sweep(10)
    assert [job.attempts for job in late] == [tries]
    await world.due_now()
    assert len(await webhooks.sweep(10)) == 1
    before = await leases(admin)
    await webhooks.process(late)
    assert await leases(admin) == before
    assert await webhooks.sweep(10) == []


@pytest.mark.proves("G5")
@pytest.mark.parametrize("has_lapsed", [True, False])
async def test_after_an_outage_a_worker_gives_back_only_what_is_still_its_own(
    receiver, world, worker_db, webhooks, admin, poisonous, has_lapsed
) -> None:
    _, meta = await world.number()
    await receiver.take_in(body(change(meta, messages=[text("wamid.cut", sender=POISON)])))
    await admin.execute(
        """CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"""
    )
    cut = Webhooks(worker_db, world.opaque_ids, lease_s=5.0)
    jobs = await cut.sweep(10)
    with pytest.raises(UNREACHABLE):
        await cut.process(jobs)
    if has_lapsed:
        await world.due_now()
        assert len(await webhooks.sweep(10)) == 1
    before = await leases(admin)
    again = await cut.sweep(10)
    if has_lapsed:
        assert (again, await leases(admin)) == ([], before)
    else:
        assert [job.attempts for job in again] == [1]


async def test_of_jobs_that_were_tried_before_a_claim_takes_one_and_the_fresh_ones(receiver, world, webhooks) -> None:
    tried = await receiver.take_in(b"{}", b"{}", b"{}")
    assert len(await webhooks.sweep(10)) == 3
    await world.due_now()
    fresh = await receiver.take_in(b"{}", b"{}")
    for jobs in (await webhooks.sweep(10), await webhooks.claim([*tried, *fresh])):
        alone = [job for job in jobs if not job.is_fresh]
        assert len(alone) == 1
        assert [job.is_fresh for job in jobs if job not in alone] == [True] * (len(jobs) - 1)


async def test_a_claim_takes_no_more_bytes_than_it_can_apply_and_at_least_one_body(receiver, world, webhooks) -> None:
    large = b" " * (3 * 1024 * 1024)
    await receiver.take_in(large, large, large)
    assert [len(await webhooks.sweep(10)) for _ in range(3)] == [2, 1, 0]


@pytest.mark.proves("G1")
async def test_a_body_for_a_number_that_is_not_connected_is_parked_and_released(receiver, world, webhooks) -> None:
    (one, meta_one) = await world.number()
    later = str(world.waba.int)[-14:] + "9"
    known = await world.sent_message(one, wamid="wamid.K")
    (inbox_id,) = await receiver.receive(
        body(
            change(later, messages=[text("wamid.P1")]),
            change(meta_one, statuses=[status("wamid.K", "sent")]),
            change("990000000000000", messages=[text("wamid.P2")]),
        )
    )
    assert await world.event_types(known) == ["message.sent"]
    parked = [(row["change_index"], row["kind"], row["meta_phone_number_id"]) for row in await world.failures(inbox_id)]
    assert parked == [(0, "parked", later), (2, "parked", "990000000000000")]
    assert await webhooks.release_parked() == 0
    number, _ = await world.number(later)
    assert await webhooks.release_parked("990000000000000") == 0
    assert await webhooks.release_parked(later) == 1
    assert await webhooks.release_parked() == 0
    await receiver.apply()
    (message,) = await world.inbound(number)
    assert await world.event_types(message["id"]) == ["message.received"]
    assert await world.event_types(known) == ["message.sent"]
    assert [row["change_index"] for row in await world.failures(inbox_id)] == [2]
    assert await webhooks.release_parked() == 0


async def test_what_is_not_known_is_shown_and_no_error(receiver, world, api_db, valkey) -> None:
    number, meta = await world.number()
    (inbox_id,) = await receiver.receive(
        body({"field": "weather", "value": {}}, change(meta, messages=[text("wamid.W1")]))
    )
    (failure,) = await world.failures(inbox_id)
    assert (failure["kind"], failure["error"]) == ("unrecognised", "weather: the field is not known to this version")
    assert len(await world.inbound(number)) == 1
    archive = WebhookArchive(api_db, WebhookQueue(valkey))
    (shown,) = await archive.recent(limit=5)
    assert (shown.state, shown.app, shown.error) == ("unrecognised", "default", failure["error"])


async def test_a_job_whose_body_was_pruned_ends_visibly(receiver, world, admin) -> None:
    (inbox_id,) = await receiver.take_in(b"{}")
    await admin.execute("TRUNCATE webhook_inbox")
    await receiver.apply()
    assert await world.jobs() == 0
    (failure,) = await world.failures(inbox_id)
    assert failure["kind"] == "dead"


async def test_the_archive_filters_by_state_and_shows_the_raw_body(receiver, world, api_db, valkey) -> None:
    archive = WebhookArchive(api_db, WebhookQueue(valkey))
    (dead,) = await receiver.receive(b"\x00not JSON")
    (parked,) = await receiver.receive(body(change("990000000000001", messages=[text("wamid.A1")])))
    (pending,) = await receiver.take_in(b"{}")
    states = {info.id: info.state for info in await archive.recent()}
    assert states == {dead: "dead", parked: "parked", pending: "pending"}
    assert [info.id for info in await archive.recent()] == sorted(states, reverse=True)
    assert [info.id for info in await archive.recent(state="parked")] == [parked]
    assert [info.id for info in await archive.recent(before=parked)] == [dead]
    shown = await archive.show(dead)
    assert shown.body == b"\x00not JSON"
    assert [failure.kind for failure in shown.failures] == ["dead"]
    with pytest.raises(Refused, match="There is no webhook"):
        await archive.show(world.workspace)
    with pytest.raises(Refused, match="There is no webhook"):
        await archive.replay([dead, world.workspace])
    assert (await archive.recent(state="dead"))[0].id == dead
