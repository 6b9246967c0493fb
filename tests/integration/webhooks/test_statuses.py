"""Any order, repetition and batching of statuses gives the same row, and one event a fact."""

import asyncio
import itertools
import json
import random

import asyncpg
import pytest

from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.webhooks.conftest import until
from tests.integration.webhooks.payloads import NOON, body, change, status, text

NAMES = ("sent", "delivered", "read", "failed")
MOMENTS = {"sent": 1, "delivered": 2, "read": 3, "failed": 4}


async def facts(world, message) -> dict:
    row = await world.message(message)
    moments = {name: row[f"{name}_at"] and int(row[f"{name}_at"].timestamp()) - NOON for name in NAMES}
    return moments | {
        "wamid": row["wamid"],
        "error": row["error"] and json.loads(row["error"]),
        "pricing": row["pricing"] and json.loads(row["pricing"]),
    }


@pytest.mark.proves("G4", "G10")
async def test_every_order_of_statuses_gives_the_same_row_and_one_event_a_fact(receiver, world) -> None:
    number, meta = await world.number()
    orders = [order for length in range(1, 5) for order in itertools.permutations(NAMES, length)]
    messages = [await world.sent_message(number) for _ in orders]

    def said(index: int, name: str) -> dict:
        return status(f"wamid.{index}.{meta}", name, at=MOMENTS[name], opaque=world.opaque(messages[index]))

    # The n-th body holds the n-th status of every order: each message hears its own in its own order.
    for step in range(4):
        said_now = [said(index, order[step]) for index, order in enumerate(orders) if len(order) > step]
        await receiver.receive(body(change(meta, statuses=said_now)))
    for order, message in zip(orders, messages, strict=True):
        found = await facts(world, message)
        assert {name: found[name] for name in NAMES} == {
            name: MOMENTS[name] if name in order else None for name in NAMES
        }
        assert (found["error"] is not None) == ("failed" in order)
        assert (found["pricing"] is not None) == ("sent" in order)
        assert found["wamid"] is not None
        assert sorted(await world.event_types(message)) == sorted(f"message.{name}" for name in order)
    assert await world.admin.fetchval("SELECT count(*) FROM outbox WHERE phone_number_id = $1", number) == 0


@pytest.mark.proves("G4", "G10", "C8")
async def test_repeated_shuffled_and_rebatched_statuses_by_rival_workers(receiver, world, worker_db, keyring) -> None:
    number, meta = await world.number()
    messages = [await world.sent_message(number) for _ in range(20)]
    chance = random.Random(20260302)
    everything = [
        status(
            f"wamid.R{index}.{meta}", name, at=MOMENTS[name] + later, opaque=world.opaque(message), code=130_000 + later
        )
        for index, message in enumerate(messages)
        for name in NAMES
        for later in (0, 0, 5)
    ]
    chance.shuffle(everything)
    bodies = []
    while everything:
        size = chance.randint(1, 12)
        bodies.append(body(change(meta, statuses=everything[:size])))
        everything = everything[size:]
    await receiver.take_in(*bodies)
    rivals = [Webhooks(worker_db, OpaqueIds(keyring), lease_s=30.0) for _ in range(4)]

    async def work(rival: Webhooks) -> None:
        while jobs := await rival.sweep(3):
            await rival.process(jobs)

    await asyncio.gather(*map(work, rivals))
    await receiver.apply()
    assert await world.jobs() == 0
    for message in messages:
        found = await facts(world, message)
        assert {name: found[name] for name in NAMES} == MOMENTS
        assert found["error"]["code"] == 130_000
        assert sorted(await world.event_types(message)) == sorted(f"message.{name}" for name in NAMES)


@pytest.mark.proves("G10")
async def test_the_earliest_failure_is_kept_in_either_order(receiver, world) -> None:
    number, meta = await world.number()
    seen = []
    for order in itertools.permutations((131_026, 131_049, 130_472)):
        message = await world.sent_message(number, wamid=f"wamid.F{order}{meta}")
        for code in order:
            # Two in the same second: the choice between them must not hang on their order.
            at = 0 if code == 131_026 else 7
            await receiver.receive(
                body(change(meta, statuses=[status(f"wamid.F{order}{meta}", "failed", at=at, code=code)]))
            )
        seen.append(await facts(world, message))
        assert await world.event_types(message) == ["message.failed"]
    assert all({**found, "wamid": ""} == {**seen[0], "wamid": ""} for found in seen)
    assert seen[0]["error"] == {"source": "meta", "code": 131_026, "title": "Undeliverable", "details": "no such"}
    assert seen[0]["failed"] == 0


@pytest.mark.proves("G10")
async def test_the_same_second_is_settled_without_regard_to_order(receiver, world) -> None:
    number, meta = await world.number()
    kept = []
    for order in itertools.permutations((131_049, 130_472)):
        wamid = f"wamid.S{order}{meta}"
        message = await world.sent_message(number, wamid=wamid)
        for code in order:
            await receiver.receive(body(change(meta, statuses=[status(wamid, "failed", code=code)])))
        kept.append((await facts(world, message))["error"]["code"])
    assert kept[0] == kept[1]


@pytest.mark.proves("G10")
async def test_what_statuses_contradict_each_other_in_is_settled_without_regard_to_order_and_grouping(
    receiver, world
) -> None:
    number, meta = await world.number()
    told = [
        {"pricing": {"billable": True, "category": "utility"}, "errors": [{"code": 131_026, "title": "No"}]},
        {"pricing": {"billable": False, "category": "service", "type": "free"}, "errors": [{"code": 131_026}]},
        {"pricing": {"category": "a"}, "errors": [{"code": 131_026, "title": "No", "error_data": {"details": "x"}}]},
    ]
    groupings = ([[0, 1, 2]], [[0, 1], [2]], [[0], [1, 2]], [[0], [1], [2]])
    kept = []
    for number_of, grouping in enumerate(groupings):
        orders = list(itertools.permutations(told))
        wamids = [f"wamid.C{number_of}.{place}.{meta}" for place in range(len(orders))]
        messages = [await world.sent_message(number, wamid=wamid) for wamid in wamids]
        for group in grouping:
            said = [
                status(wamid, "failed") | order[place]
                for place in group
                for wamid, order in zip(wamids, orders, strict=True)
            ]
            await receiver.receive(body(change(meta, statuses=said)))
        for message in messages:
            kept.append({**await facts(world, message), "wamid": None})
            assert await world.event_types(message) == ["message.failed"]
    assert kept == [kept[0]] * len(kept)
    assert kept[0]["pricing"] in [one["pricing"] for one in told]


@pytest.mark.proves("G4", "G10")
async def test_facts_that_come_together_are_told_in_the_order_in_which_they_happen(receiver, world) -> None:
    number, meta = await world.number()
    wamids = [f"wamid.O{place}.{meta}" for place in range(3)]
    messages = [await world.sent_message(number, wamid=wamid) for wamid in wamids]
    said = [status(wamid, name, at=MOMENTS[name]) for name in ("read", "sent", "delivered") for wamid in wamids]
    await receiver.receive(body(change(meta, statuses=[*said, *said[:2]])))
    rows = await world.admin.fetch(
        "SELECT subject_id, type FROM events WHERE subject_id = ANY ($1::uuid[]) ORDER BY xid, id", messages
    )
    names = ["message.sent", "message.delivered", "message.read"]
    assert [(row["subject_id"], row["type"]) for row in rows] == [(one, name) for one in messages for name in names]


async def test_an_event_tells_ids_reference_wamid_time_and_error(receiver, world) -> None:
    number, meta = await world.number()
    message = await world.sent_message(number, state="unknown")
    await receiver.receive(
        body(change(meta, statuses=[status("wamid.T", "failed", at=9, opaque=world.opaque(message), code=131_047)]))
    )
    row = await world.message(message)
    assert await world.events(message) == [
        (
            "message.failed",
            {
                "message_id": str(message),
                "client_reference": "ref",
                "wamid": "wamid.T",
                "phone_number_id": str(number),
                "contact_id": str(row["contact_id"]),
                "conversation_id": str(row["conversation_id"]),
                "at": "2026-03-02T12:00:09Z",
                "error": {"source": "meta", "code": 131_047, "title": "Undeliverable", "details": "no such"},
            },
        )
    ]


@pytest.mark.proves("G7", "G9")
@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "held"])
async def test_a_status_settles_a_message_in_any_dispatch_state(receiver, world, state) -> None:
    number, meta = await world.number()
    message = await world.sent_message(number, state=state)
    await receiver.receive(
        body(change(meta, statuses=[status(f"wamid.U{state}", "sent", opaque=world.opaque(message))]))
    )
    assert await world.admin.fetchval("SELECT count(*) FROM outbox WHERE message_id = $1", message) == 0
    row = await world.message(message)
    assert row["wamid"] == f"wamid.U{state}"
    known = await world.admin.fetchrow("SELECT * FROM wamids WHERE wamid = $1", f"wamid.U{state}")
    assert (known["message_id"], known["phone_number_id"]) == (message, number)


@pytest.mark.proves("G19")
async def test_an_opaque_id_that_is_not_ours_or_of_another_workspace_names_nothing(receiver, world, admin) -> None:
    other = await type(world)(admin, world.opaque_ids).create()
    number, meta = await world.number()
    foreign_number, _ = await other.number()
    foreign = await other.sent_message(foreign_number)
    forged = world.opaque(foreign)[:-2] + "AA"
    await receiver.receive(
        body(
            change(
                meta,
                statuses=[
                    status("wamid.V1", "sent", opaque=other.opaque(foreign)),
                    status("wamid.V2", "sent", opaque=forged),
                    status("wamid.V3", "sent", opaque="a customer's own text"),
                ],
            )
        )
    )
    assert (await world.message(foreign))["sent_at"] is None
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE message_id = $1", foreign) == 1
    assert await admin.fetchval("SELECT count(*) FROM orphan_statuses WHERE phone_number_id = $1", number) == 3


@pytest.mark.proves("G4", "G10")
async def test_a_status_that_comes_before_its_message_is_known_waits_and_is_adopted_once(
    receiver, world, webhooks
) -> None:
    number, meta = await world.number()
    early = [status("wamid.W", "delivered", at=5), status("wamid.W", "failed", at=3, code=131_026)]
    await receiver.receive(*[body(change(meta, statuses=early))] * 2)
    assert await world.admin.fetchval("SELECT count(*) FROM orphan_statuses") == 2
    assert await webhooks.adopt_orphans() == 0
    message = await world.sent_message(number, wamid="wamid.W", state=None)
    assert sum(await asyncio.gather(webhooks.adopt_orphans(), webhooks.adopt_orphans())) == 2
    found = await facts(world, message)
    assert (found["delivered"], found["failed"], found["error"]["code"]) == (5, 3, 131_026)
    assert sorted(await world.event_types(message)) == ["message.delivered", "message.failed"]
    assert await world.admin.fetchval("SELECT count(*) FROM orphan_statuses") == 0


async def test_a_status_about_a_message_from_a_person_changes_nothing(receiver, world, webhooks) -> None:
    number, meta = await world.number()
    await receiver.receive(
        body(change(meta, messages=[text("wamid.X")])), body(change(meta, statuses=[status("wamid.X", "read")]))
    )
    assert await webhooks.adopt_orphans() == 0
    (stored,) = await world.inbound(number)
    assert stored["read_at"] is None


async def test_an_unknown_status_is_kept_visible_and_its_neighbours_are_applied(receiver, world) -> None:
    number, meta = await world.number()
    message = await world.sent_message(number, wamid=f"wamid.Y{meta}")
    (inbox_id,) = await receiver.receive(
        body(change(meta, statuses=[status(f"wamid.Y{meta}", "teleported"), status(f"wamid.Y{meta}", "sent")]))
    )
    assert await world.event_types(message) == ["message.sent"]
    (failure,) = await world.failures(inbox_id)
    assert (failure["kind"], failure["error"]) == ("unrecognised", "messages: unknown status teleported")


async def test_a_status_that_finds_no_message_is_forgotten_when_its_time_is_over(receiver, world, webhooks) -> None:
    _, meta = await world.number()
    for age in ("6 days", "8 days"):
        await receiver.receive(body(change(meta, statuses=[status(f"wamid.Z {age}", "sent")])))
        await world.admin.execute(
            "UPDATE orphan_statuses SET received_at = now() - $1::text::interval WHERE wamid = $2",
            age,
            f"wamid.Z {age}",
        )
    assert await webhooks.adopt_orphans() == 0
    await webhooks.forget_orphans()
    assert [row["wamid"] for row in await world.admin.fetch("SELECT wamid FROM orphan_statuses")] == ["wamid.Z 6 days"]


async def test_an_old_orphan_is_left_to_the_tidying(receiver, world, webhooks) -> None:
    number, meta = await world.number()
    await receiver.receive(body(change(meta, statuses=[status("wamid.old", "sent")])))
    await world.admin.execute("UPDATE orphan_statuses SET received_at = now() - interval '1 hour'")
    await world.sent_message(number, wamid="wamid.old", state=None)
    assert await webhooks.adopt_orphans(within_s=60) == 0
    assert await webhooks.adopt_orphans() == 1


@pytest.mark.proves("G4", "G10")
async def test_adopting_and_keeping_the_same_orphan_at_once_locks_in_one_order(receiver, world, admin, urls) -> None:
    """An orphan comes again, earlier, together with a status of a message that the adopter is at."""
    number, meta = await world.number()
    known = await world.sent_message(number, wamid=f"wamid.known.{meta}")
    told = status(f"wamid.other.{meta}", "sent", at=10)
    await receiver.receive(body(change(meta, statuses=[told])))
    await admin.execute(
        """INSERT INTO orphan_statuses (workspace_id, phone_number_id, wamid, status, at, data)
           SELECT workspace_id, phone_number_id, $1, 'delivered', at, data || jsonb_build_object(
             'wamid', $1::text, 'status', 'delivered')
           FROM orphan_statuses WHERE phone_number_id = $2""",
        f"wamid.known.{meta}",
        number,
    )
    blocker = await asyncpg.connect(urls.admin)
    gate = blocker.transaction()
    await gate.start()
    await blocker.execute("SELECT FROM messages WHERE id = $1 FOR UPDATE", known)
    again = status(f"wamid.other.{meta}", "sent", at=5)
    await receiver.take_in(body(change(meta, statuses=[again, status(f"wamid.known.{meta}", "read", at=20)])))
    applying = asyncio.create_task(receiver.apply())
    await until(lambda: waits(admin, 1))
    other = await world.sent_message(number, wamid=f"wamid.other.{meta}", state=None)
    adopting = asyncio.create_task(receiver.webhooks.adopt_orphans())
    await until(lambda: waits(admin, 2))
    await gate.rollback()
    await blocker.close()
    await asyncio.gather(applying, adopting)  # one of them would be a deadlock's victim
    await receiver.webhooks.adopt_orphans()
    assert await admin.fetchval("SELECT count(*) FROM orphan_statuses") == 0
    assert {name: (await facts(world, known))[name] for name in NAMES} == {
        "sent": None, "delivered": 10, "read": 20, "failed": None
    }  # fmt: skip
    assert (await facts(world, other))["sent"] == 5


async def waits(admin, count: int) -> bool:
    """Whether so many wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return await admin.fetchval(query) >= count


@pytest.mark.proves("G4", "G10")
async def test_adopting_applying_and_settling_at_once_never_deadlock(
    receiver, world, admin, worker_db, keyring
) -> None:
    rounds, width = 25, 8
    chance = random.Random(20261128)
    adopters = [Webhooks(worker_db, OpaqueIds(keyring), lease_s=60.0) for _ in range(2)]
    number, meta = await world.number()
    for turn in range(rounds):
        messages = [await world.sent_message(number) for _ in range(width)]
        wamids = [f"wamid.{turn}.{place}.{meta}" for place in range(width)]
        said = [status(wamid, name, at=MOMENTS[name]) for wamid in wamids for name in NAMES[:3]]
        # Some are orphans already, and all come again, some of them earlier, in two bodies that share messages.
        await receiver.receive(body(change(meta, statuses=chance.sample(said, len(said) // 2))))
        for half in range(2):
            again = [status(wamid, name, at=MOMENTS[name] - half) for wamid in wamids for name in NAMES[:3]]
            await receiver.take_in(body(change(meta, statuses=chance.sample(again, len(again)))))

        async def name_them(messages=messages, wamids=wamids) -> None:
            for place in chance.sample(range(width), width):
                await admin.execute(
                    "INSERT INTO wamids VALUES ($1, $2, $3, $4)",
                    number,
                    wamids[place],
                    world.workspace,
                    messages[place],
                )

        bodies = [await receiver.webhooks.sweep(1) for _ in range(2)]
        await asyncio.gather(
            name_them(),
            *(receiver.webhooks.process(jobs) for jobs in bodies),
            *(adopter.adopt_orphans() for adopter in adopters for _ in range(3)),
        )
        while await receiver.webhooks.adopt_orphans():
            pass
        for message in messages:
            found = await facts(world, message)
            assert {name: found[name] for name in NAMES[:3]} == {name: MOMENTS[name] - 1 for name in NAMES[:3]}
            assert sorted(await world.event_types(message)) == sorted(f"message.{name}" for name in NAMES[:3])
    assert await admin.fetchval("SELECT count(*) FROM orphan_statuses") == 0
