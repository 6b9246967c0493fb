"""Accepting a command: what is written, for whom, and what is refused."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.core.db import Database
from server.domain.enums import IdentityKind
from server.domain.identity import Recipient
from server.queue import keys
from server.repositories import contacts, conversations
from server.schemas.messages import Accepted, CommandRefused, encode
from server.schemas.outbound import SendCommand
from server.services import acceptance
from server.services.messages import SEND
from server.services.submissions import Submission
from tests.integration.messages.asking import accept, notice
from tests.integration.seed import Workspace, text


@pytest.mark.proves("G6")
async def test_one_message_one_outbox_row_and_one_key_are_committed(messages, workspace, admin) -> None:
    number = await workspace.number()
    contact, conversation = await workspace.person(number)
    command = text(number, client_reference="order-1", on_ambiguous="hold")
    [accepted] = await accept(messages, workspace, command, key="k1")
    stored = await admin.fetchrow("SELECT * FROM messages WHERE id = $1", accepted.id)
    assert (stored["workspace_id"], stored["direction"], stored["type"]) == (workspace.id, "outbound", "text")
    assert (stored["contact_id"], stored["conversation_id"]) == (contact, conversation)
    assert (stored["recipient"], stored["client_reference"]) == ("+15550101", "order-1")
    assert (stored["api_key_id"], stored["on_ambiguous"], stored["lane"]) == (workspace.key_id, "hold", 1)
    assert json.loads(stored["content"]) == {
        "recipient_type": "individual",
        "type": "text",
        "text": {"body": "Good morning", "preview_url": False},
    }
    assert stored["created_at"] == accepted.created_at
    queued = await admin.fetchrow("SELECT * FROM outbox WHERE message_id = $1", accepted.id)
    assert (queued["phone_number_id"], queued["contact_id"], queued["lane"]) == (number, contact, 1)
    assert (queued["state"], queued["attempt"], queued["wait_reason"]) == ("queued", 0, None)
    assert queued["due_at"] == accepted.created_at
    assert [await workspace.count(table) for table in ("messages", "outbox", "idempotency_keys")] == [1, 1, 1]
    expected = {"state": "queued", "from": str(number), "to": "+15550101", "client_reference": "order-1"}
    shown = json.loads(encode(accepted))
    assert expected.items() <= shown.items()
    assert set(shown) == {*expected, "id", "created_at", "send_at", "expires_at", "conversation_id", "contact_id"}


async def test_the_conversation_moves_to_the_front(messages, workspace, admin) -> None:
    number = await workspace.number()
    _, conversation = await workspace.person(number)
    [accepted] = await accept(messages, workspace, text(number))
    moved = await admin.fetchval("SELECT last_message_at FROM conversations WHERE id = $1", conversation)
    assert moved == accepted.created_at


async def test_a_number_is_named_by_our_id_metas_id_or_its_digits(messages, workspace) -> None:
    number = await workspace.number(display="+1 555-010-0777", meta_id="12345678901234567")
    await workspace.person(number)
    names = (number, "12345678901234567", "+1 (555) 010-0777", "15550100777")
    results = await accept(messages, workspace, *(text(name) for name in names))
    assert [result.sender for result in results] == [number] * 4


@pytest.mark.parametrize("name", ["00000000-0000-7000-8000-000000000000", "15550199", "shop", "1" * 60, "٣" * 10])
async def test_a_number_that_nobody_connected_is_refused(messages, workspace, name) -> None:
    [refused] = await accept(messages, workspace, text(name), key="k")
    assert refused == CommandRefused(code="unknown_number", detail=refused.detail)
    assert await workspace.count("idempotency_keys") == 0


async def test_a_number_of_another_workspace_is_unknown(messages, workspace, admin) -> None:
    other = await Workspace(admin).create()
    theirs = await other.number(meta_id="88888888888888888", display="+1 555 0100888")
    results = await accept(messages, workspace, text(theirs), text("88888888888888888"), text("+15550100888"))
    assert [result.code for result in results] == ["unknown_number"] * 3


@pytest.mark.parametrize("wrote", [None, timedelta(hours=24, seconds=1), timedelta(days=40)])
async def test_a_closed_window_refuses_and_leaves_nothing(messages, workspace, wrote) -> None:
    number = await workspace.number()
    await workspace.person(number, wrote=wrote)
    [refused] = await accept(messages, workspace, text(number), key="k")
    assert refused.code == "window_closed"
    assert ("closed at 20" in refused.detail) == (wrote is not None)
    for table in ("messages", "outbox", "idempotency_keys"):
        assert await workspace.count(table) == 0


async def test_a_person_who_wrote_to_another_number_has_no_window_here(messages, workspace) -> None:
    number, other = await workspace.number(), await workspace.number()
    await workspace.person(other)
    [refused] = await accept(messages, workspace, text(number))
    assert refused.code == "window_closed"
    assert await workspace.count("conversations") == 1


async def test_a_paused_number_takes_messages_and_lets_them_wait(messages, workspace, admin, valkey) -> None:
    number = await workspace.number(paused="paused by the operator")
    await workspace.person(number)
    [accepted] = await accept(messages, workspace, text(number))
    row = await admin.fetchrow("SELECT state, wait_reason FROM outbox WHERE message_id = $1", accepted.id)
    assert tuple(row) == ("queued", "number_paused")
    await messages.close()
    assert await valkey.zscore(keys.OUTBOUND, number.bytes) is None


async def test_an_accepted_message_rings_its_number(messages, workspace, valkey) -> None:
    number = await workspace.number()
    await workspace.person(number)
    await accept(messages, workspace, text(number))
    await messages.close()
    assert await valkey.zscore(keys.OUTBOUND, number.bytes) is not None


async def test_a_reply_leaves_before_other_sends(messages, workspace, admin) -> None:
    number = await workspace.number()
    await workspace.person(number)
    [accepted] = await accept(messages, workspace, text(number, reply_to="wamid.1"))
    row = await admin.fetchrow("SELECT lane, content FROM messages WHERE id = $1", accepted.id)
    assert row["lane"] == 0
    assert json.loads(row["content"])["reply_to"] == "wamid.1"


async def test_what_meta_calls_a_person_wins_over_what_customers_called_them(messages, workspace) -> None:
    number = await workspace.number()
    await workspace.person(number, wrote=None, kinds=("phone",))
    known, _ = await workspace.person(number, kinds=("wa_id",))
    [accepted] = await accept(messages, workspace, text(number))
    assert accepted.contact_id == known


async def test_a_new_person_gets_a_contact_and_a_conversation(messages, workspace, admin) -> None:
    number = await workspace.number()
    [accepted] = await accept(messages, workspace, notice(number, "+15550109"))
    identity = await admin.fetchrow(
        "SELECT kind, value, source FROM contact_identities WHERE contact_id = $1", accepted.contact_id
    )
    assert tuple(identity) == ("phone", "15550109", "api")
    conversation = await admin.fetchrow("SELECT * FROM conversations WHERE id = $1", accepted.conversation_id)
    assert (conversation["phone_number_id"], conversation["contact_id"]) == (number, accepted.contact_id)
    assert conversation["last_inbound_at"] is None


async def test_many_at_once_make_a_new_person_once(messages, workspace) -> None:
    number = await workspace.number()
    results = await asyncio.gather(*(accept(messages, workspace, notice(number, "+15550109")) for _ in range(24)))
    assert len({result.contact_id for [result] in results}) == 1
    assert len({result.conversation_id for [result] in results}) == 1
    counts = [await workspace.count(t) for t in ("contacts", "contact_identities", "conversations", "messages")]
    assert counts == [1, 1, 1, 24]


async def test_batches_in_any_order_to_the_same_people_all_get_through(messages, workspace) -> None:
    number, other = await workspace.number(), await workspace.number()
    phones = [f"+1555011{n:04}" for n in range(40)]
    shuffle = random.Random(7)
    batches = []
    for _ in range(12):
        picked = [(number if shuffle.random() < 0.5 else other, phone) for phone in phones]
        shuffle.shuffle(picked)
        batches.append([notice(*pick) for pick in picked])
    results = await asyncio.gather(*(accept(messages, workspace, *batch) for batch in batches))
    assert all(isinstance(result, Accepted) for batch in results for result in batch)
    assert await workspace.count("contacts") == len(phones)
    assert await workspace.count("outbox") == 12 * len(phones)


async def test_making_the_same_people_and_conversations_at_once_never_deadlocks(api_db, workspace) -> None:
    number = await workspace.number()
    shuffle = random.Random(11)
    phones = [Recipient(IdentityKind.PHONE, f"1555018{n:04}") for n in range(60)]

    async def make() -> tuple[dict[Recipient, UUID], dict[tuple[UUID, UUID], UUID]]:
        picked = shuffle.sample(phones, len(phones))
        async with api_db.hot(workspace.id) as connection:
            people = await contacts.ensure(connection, workspace.id, picked)
            pairs = [(number, people[phone]) for phone in picked]
            return people, await conversations.ensure(connection, workspace.id, pairs)

    (people, talks), *others = await asyncio.gather(*(make() for _ in range(16)))
    assert set(people) == set(phones)
    assert len(set(talks.values())) == len(phones)
    assert all(other == (people, talks) for other in others)


async def test_one_refused_command_of_many_leaves_the_others(messages, workspace) -> None:
    number = await workspace.number()
    await workspace.person(number)
    commands = (text(number), text("15550199"), text(number, "+15550102"), text(number, body="Again"))
    results = await accept(messages, workspace, *commands, key="k")
    kinds = [getattr(result, "code", "accepted") for result in results]
    assert kinds == ["accepted", "unknown_number", "window_closed", "accepted"]
    assert results[0].id < results[3].id  # messages of a pair leave in accept order
    again = await messages.accept(workspace.principal, commands, idempotency_key="k")
    assert again.replayed
    assert again.results == results
    assert await workspace.count("messages") == 2


class Counting:
    """A connection that counts its round trips."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.trips = 0

    def __getattr__(self, name: str) -> Any:
        self.trips += 1
        return getattr(self._connection, name)


async def trips(db: Database, workspace: Workspace, *commands: SendCommand) -> int:
    async with db.hot(workspace.id) as connection:
        counting = Counting(connection)
        submission = Submission(workspace.key_id, commands, str(len(commands)) + commands[0].to)
        [receipt] = await acceptance.accept(counting, workspace.id, [submission], endpoint=SEND)
        assert all(isinstance(result, Accepted) for result in receipt.results)
        return counting.trips


async def test_the_number_of_statements_does_not_grow_with_the_number_of_messages(api_db, workspace) -> None:
    number = await workspace.number()
    await workspace.person(number)
    assert await trips(api_db, workspace, text(number)) == 2
    assert await trips(api_db, workspace, *(text(number) for _ in range(200))) == 2
    assert await trips(api_db, workspace, *(notice(number, f"+1555012{n:04}") for n in range(200))) == 4


async def test_several_requests_share_a_transaction_and_are_answered_apart(messages, api_db, workspace) -> None:
    number = await workspace.number()
    await workspace.person(number)
    [first] = await accept(messages, workspace, text(number), key="used")
    submissions = [
        Submission(workspace.key_id, [text(number)], "used"),
        Submission(workspace.key_id, [text(number, body="Other")], "fresh"),
        Submission(workspace.key_id, [text("15550199")], "refused"),
        Submission(workspace.key_id, [text(number)]),
    ]
    async with api_db.hot(workspace.id) as connection:
        answers = await acceptance.accept(connection, workspace.id, submissions, endpoint=SEND)
    assert [answer.replayed for answer in answers] == [True, False, False, False]
    assert answers[0].results == (first,)
    assert answers[2].results[0].code == "unknown_number"
    assert await workspace.count("messages") == 3
    assert await workspace.count("idempotency_keys") == 2


async def test_a_message_for_later_is_scheduled_and_rings_nobody(messages, workspace, admin, valkey) -> None:
    number = await workspace.number()
    await workspace.person(number)
    later = datetime.now(UTC) + timedelta(hours=2)
    [accepted] = await accept(messages, workspace, text(number, send_at=later.isoformat()))
    assert (accepted.state, accepted.send_at) == ("scheduled", later)
    queued = await admin.fetchrow("SELECT state, due_at FROM outbox WHERE message_id = $1", accepted.id)
    assert (queued["state"], queued["due_at"]) == ("scheduled", later)
    await messages.close()  # every ring is through
    assert await valkey.zcard(keys.OUTBOUND) == 0
    assert (await messages.get(workspace.id, accepted.id)).state == "scheduled"


async def test_the_window_is_judged_for_the_time_at_which_a_message_leaves(messages, workspace) -> None:
    number = await workspace.number()
    await workspace.person(number, wrote=timedelta(hours=23))
    later = datetime.now(UTC) + timedelta(hours=2)
    [refused] = await accept(messages, workspace, text(number, send_at=later.isoformat()))
    assert refused.code == "window_closed"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expired"),
        ({"send_at": "2999-01-01T00:00:00Z"}, "too_far_ahead"),
    ],
)
async def test_times_that_cannot_be_kept_are_refused(messages, workspace, fields, code: str) -> None:
    number = await workspace.number()
    await workspace.person(number)
    [refused] = await accept(messages, workspace, text(number, **fields))
    assert refused.code == code


@pytest.mark.parametrize(
    ("kind", "to", "recipient_type"),
    [
        ("bsuid", "US.13491208655302741918", "individual"),
        ("parent_bsuid", "US.ENT.13491208655302741918", "individual"),
        ("group", "Y2FwaV9ncm91cDoxODA1NTU1", "group"),
    ],
)
async def test_a_recipient_may_be_known_by_another_name_than_a_phone_number(
    messages, workspace, admin, kind: str, to: str, recipient_type: str
) -> None:
    number = await workspace.number()
    command = text(number, to, recipient_type=recipient_type, category="utility")
    [first], [again] = [await accept(messages, workspace, command) for _ in range(2)]
    assert first.contact_id == again.contact_id
    found = await admin.fetchrow(
        "SELECT kind, value FROM contact_identities WHERE workspace_id = $1 AND contact_id = $2",
        workspace.id,
        first.contact_id,
    )
    assert (found["kind"], found["value"], first.to) == (kind, to, to)
