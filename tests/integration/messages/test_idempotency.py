"""One Idempotency-Key, one effect: rivals, repetitions, other requests, and transactions that are cut."""

import asyncio
from typing import Any

import asyncpg
import pytest

from server.core.db import UNREACHABLE
from server.domain.errors import Refused
from server.schemas.messages import encode
from server.services.messages import SEND, Messages
from server.services.submissions import request_hash
from tests.integration.seed import Workspace, text


async def send(messages: Messages, workspace: Workspace, *commands: Any, key: str = "k") -> Any:
    return await messages.accept(workspace.principal, commands, idempotency_key=key)


@pytest.fixture
async def number(workspace):
    number = await workspace.number()
    await workspace.person(number)
    return number


async def stored(workspace: Workspace) -> list[int]:
    return [await workspace.count(table) for table in ("messages", "outbox", "idempotency_keys")]


@pytest.mark.proves("G17", "C11")
async def test_rivals_with_one_key_make_one_message_and_get_the_same_answer(messages, workspace, number) -> None:
    receipts = await asyncio.gather(*(send(messages, workspace, text(number)) for _ in range(20)))
    bodies = {encode(receipt.results) for receipt in receipts}
    assert len(bodies) == 1
    assert sorted(receipt.replayed for receipt in receipts) == [False] + [True] * 19
    assert await stored(workspace) == [1, 1, 1]


@pytest.mark.proves("G17")
async def test_a_repetition_gets_the_first_answer_whatever_happened_since(messages, workspace, number, admin) -> None:
    first = await send(messages, workspace, text(number))
    await admin.execute("UPDATE phone_numbers SET pause_reason = 'x' WHERE id = $1", number)
    await admin.execute("UPDATE conversations SET last_inbound_at = NULL WHERE workspace_id = $1", workspace.id)
    again = await send(messages, workspace, text(number))
    assert again.replayed
    assert encode(again.results) == encode(first.results)
    assert again.rings == ()
    assert await stored(workspace) == [1, 1, 1]


@pytest.mark.proves("G17")
async def test_the_same_request_written_otherwise_is_a_repetition(messages, workspace, number) -> None:
    await send(messages, workspace, text(number))
    assert (await send(messages, workspace, text(number, "+1 (555) 0101", on_ambiguous="retry"))).replayed


@pytest.mark.proves("G17")
@pytest.mark.parametrize(
    "other",
    [
        {"body": "Good evening"},
        {"to": "+15550102"},
        {"reply_to": "wamid.1"},
        {"client_reference": "x"},
        {"on_ambiguous": "hold"},
    ],
)
async def test_another_request_with_the_key_is_a_conflict(messages, workspace, number, other) -> None:
    await send(messages, workspace, text(number))
    with pytest.raises(Refused) as refused:
        await send(messages, workspace, text(number, **other))
    assert (refused.value.code, refused.value.problem.status) == ("idempotency_conflict", 422)
    assert await stored(workspace) == [1, 1, 1]


async def test_two_commands_are_another_request_than_one(messages, workspace, number) -> None:
    await send(messages, workspace, text(number))
    with pytest.raises(Refused, match="another request"):
        await send(messages, workspace, text(number), text(number))


@pytest.mark.proves("G19")
async def test_keys_of_workspaces_are_apart(messages, workspace, number, admin) -> None:
    other = await Workspace(admin).create()
    theirs = await other.number()
    await other.person(theirs)
    assert not (await send(messages, workspace, text(number))).replayed
    assert not (await send(messages, other, text(theirs))).replayed
    assert await stored(other) == [1, 1, 1]


async def test_without_a_key_every_request_counts(messages, workspace, number) -> None:
    for _ in range(2):
        assert not (await messages.accept(workspace.principal, [text(number)])).replayed
    assert await stored(workspace) == [2, 2, 0]


async def test_a_refused_request_leaves_its_key_free(messages, workspace, number, admin) -> None:
    await admin.execute("UPDATE conversations SET last_inbound_at = NULL WHERE workspace_id = $1", workspace.id)
    refused = await send(messages, workspace, text(number))
    assert refused.results[0].code == "window_closed"
    await admin.execute("UPDATE conversations SET last_inbound_at = now() WHERE workspace_id = $1", workspace.id)
    accepted = await send(messages, workspace, text(number))
    assert not accepted.replayed
    assert accepted.results[0].state == "queued"


async def take_key(connection: asyncpg.Connection, workspace: Workspace, command: Any, answer: str) -> None:
    await connection.execute(
        """INSERT INTO idempotency_keys (workspace_id, endpoint, key, request_hash, status, response)
           VALUES ($1, $2, 'k', $3, 202, $4)""",
        workspace.id,
        SEND,
        request_hash([command]),
        answer,
    )


@pytest.mark.proves("G17")
async def test_a_rival_that_does_not_end_is_waited_for_and_then_told_of(messages, workspace, number, rival) -> None:
    held = rival.transaction()
    await held.start()
    await take_key(rival, workspace, text(number), "[]")
    with pytest.raises(Refused) as refused:
        await send(messages, workspace, text(number))
    assert (refused.value.code, refused.value.problem.status) == ("idempotency_in_progress", 409)
    assert refused.value.retry_after_s == 1
    await held.rollback()
    assert await stored(workspace) == [0, 0, 0]
    assert not (await send(messages, workspace, text(number))).replayed


@pytest.mark.proves("G17")
async def test_a_rival_that_commits_meanwhile_is_replayed(messages, workspace, number, rival, blocked) -> None:
    first = await send(messages, workspace, text(number), key="other")
    held = rival.transaction()
    await held.start()
    await take_key(rival, workspace, text(number), encode(first.results).decode())
    waiting = asyncio.create_task(send(messages, workspace, text(number)))
    await blocked()
    await held.commit()
    receipt = await waiting
    assert receipt.replayed
    assert receipt.results == first.results
    assert await stored(workspace) == [1, 1, 2]


@pytest.mark.proves("G17")
async def test_a_rival_that_gives_up_leaves_the_way_free(messages, workspace, number, rival, blocked) -> None:
    held = rival.transaction()
    await held.start()
    await take_key(rival, workspace, text(number), "[]")
    waiting = asyncio.create_task(send(messages, workspace, text(number)))
    await blocked()
    await held.rollback()
    assert not (await waiting).replayed
    assert await stored(workspace) == [1, 1, 1]


@pytest.mark.proves("G6", "G17")
async def test_a_transaction_that_is_cut_leaves_nothing_and_its_key_free(
    messages, workspace, number, rival, blocked, admin
) -> None:
    held = rival.transaction()
    await held.start()
    await rival.execute("SELECT FROM conversations WHERE workspace_id = $1 FOR UPDATE", workspace.id)
    cut = asyncio.create_task(send(messages, workspace, text(number)))
    [pid] = await blocked()
    await admin.execute("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises((*UNREACHABLE, asyncpg.OperatorInterventionError)):
        await cut
    await held.rollback()
    assert await stored(workspace) == [0, 0, 0]
    assert not (await send(messages, workspace, text(number))).replayed
    assert await stored(workspace) == [1, 1, 1]


async def test_without_a_key_a_long_wait_for_a_lock_is_no_conflict(messages, workspace, number, rival) -> None:
    held = rival.transaction()
    await held.start()
    await rival.execute("SELECT FROM conversations WHERE workspace_id = $1 FOR UPDATE", workspace.id)
    with pytest.raises(asyncpg.LockNotAvailableError):
        await messages.accept(workspace.principal, [text(number)])
    await held.rollback()
    assert await stored(workspace) == [0, 0, 0]
