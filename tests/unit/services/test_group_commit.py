"""Who shares a commit with whom, and what becomes of the others when one of them cannot go."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from server.core.ids import new_id
from server.schemas.outbound import SendText
from server.services.group_commit import COMMANDS_A_COMMIT, COMMANDS_WORTH_ANOTHER, COMMITS_IN_FLIGHT, GroupCommit
from server.services.submissions import Receipt, Submission

SHOP, OTHER = new_id(), new_id()
COMMAND = SendText.model_validate({"from": "1", "to": "+15550101", "type": "text", "text": {"body": "Hi"}})


def submission(key: str | None = None, *, commands: int = 1) -> Submission:
    return Submission(SHOP, [COMMAND] * commands, key)


class Ledger:
    """Stands for the transactions: what each held. It lets one through when it is told to."""

    def __init__(self) -> None:
        self.commits: list[tuple[UUID, str, list[Submission]]] = []
        self.gate = asyncio.Event()
        self.failures: dict[str | None, Exception] = {}

    async def commit(self, workspace_id: UUID, endpoint: str, submissions: Sequence[Submission]) -> Sequence[Any]:
        self.commits.append((workspace_id, endpoint, list(submissions)))
        await self.gate.wait()
        for one in submissions:
            if one.key in self.failures:
                raise self.failures[one.key]
        return [Receipt((), b"[]", replayed=one.key == "again") for one in submissions]

    @property
    def sizes(self) -> list[int]:
        return [len(submissions) for _, _, submissions in self.commits]


async def settled(*tasks: asyncio.Future[Any]) -> list[Any]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def start(group: GroupCommit, *submissions: Submission, place: tuple[UUID, str] = (SHOP, "send")) -> list[Any]:
    return [asyncio.ensure_future(group.submit(*place, one)) for one in submissions]


async def test_alone_a_request_waits_for_nobody() -> None:
    ledger = Ledger()
    ledger.gate.set()
    assert await GroupCommit(ledger.commit).submit(SHOP, "send", submission()) == Receipt((), b"[]")
    assert ledger.sizes == [1]


async def test_what_comes_while_others_commit_shares_the_next_commit() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.commit)
    first = start(group, submission())
    while not ledger.commits:
        await asyncio.sleep(0)
    second = start(group, submission())
    while len(ledger.commits) < COMMITS_IN_FLIGHT:
        await asyncio.sleep(0)
    rest = start(group, *(submission() for _ in range(20)))
    await asyncio.sleep(0)
    ledger.gate.set()
    assert await settled(*first, *second, *rest) == [Receipt((), b"[]")] * 22
    assert ledger.sizes == [1, 1, 20]


async def test_many_that_wait_begin_a_commit_of_their_own_and_few_do_not() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.commit)
    waiting = start(group, submission())
    while not ledger.commits:
        await asyncio.sleep(0)
    waiting += start(group, *(submission() for _ in range(COMMANDS_WORTH_ANOTHER - 1)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert ledger.sizes == [1]
    waiting += start(group, submission())
    for _ in range(10):
        await asyncio.sleep(0)
    assert ledger.sizes == [1, COMMANDS_WORTH_ANOTHER]
    ledger.gate.set()
    await settled(*waiting)


async def test_nobody_waits_for_long_behind_a_commit_that_waits_itself() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.commit)
    waiting = start(group, submission("rival"))
    while not ledger.commits:
        await asyncio.sleep(0)
    waiting += start(group, submission("behind"))
    async with asyncio.timeout(20):
        while len(ledger.commits) < 2:
            await asyncio.sleep(0.01)
    ledger.gate.set()
    await settled(*waiting)


async def test_each_gets_its_own_answer() -> None:
    ledger = Ledger()
    ledger.gate.set()
    answers = await settled(*start(GroupCommit(ledger.commit), submission("a"), submission("again"), submission("b")))
    assert [answer.replayed for answer in answers] == [False, True, False]


async def test_workspaces_endpoints_and_equal_keys_are_kept_apart() -> None:
    ledger = Ledger()
    ledger.gate.set()
    group = GroupCommit(ledger.commit)
    waiting = start(group, submission("a"), submission("a"))
    waiting += start(group, submission("a"), place=(OTHER, "send")) + start(group, submission(), place=(SHOP, "batch"))
    await settled(*waiting)
    assert sorted(ledger.sizes) == [1, 1, 1, 1]
    for workspace_id, endpoint, submissions in ledger.commits:
        assert (workspace_id, endpoint) in {(SHOP, "send"), (OTHER, "send"), (SHOP, "batch")}
        assert len({one.key for one in submissions}) == len(submissions)


async def test_a_commit_has_a_size() -> None:
    ledger = Ledger()
    ledger.gate.set()
    half = COMMANDS_A_COMMIT // 2 + 1
    await settled(*start(GroupCommit(ledger.commit), *(submission(commands=half) for _ in range(3))))
    assert ledger.sizes == [1, 1, 1]


async def test_one_that_waits_for_a_rival_takes_no_other_with_it() -> None:
    ledger = Ledger()
    ledger.gate.set()
    ledger.failures["rival"] = asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
    answers = await settled(*start(GroupCommit(ledger.commit), submission("a"), submission("rival"), submission("b")))
    assert [type(answer) for answer in answers] == [Receipt, asyncpg.LockNotAvailableError, Receipt]


async def test_a_failure_is_heard_by_all_and_ends_nothing() -> None:
    ledger = Ledger()
    ledger.gate.set()
    ledger.failures["x"] = ConnectionResetError()
    group = GroupCommit(ledger.commit)
    assert [type(answer) for answer in await settled(*start(group, submission("a"), submission("x")))] == [
        ConnectionResetError,
        ConnectionResetError,
    ]
    assert await group.submit(SHOP, "send", submission("c")) == Receipt((), b"[]")


async def test_who_gave_up_while_waiting_is_not_committed() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.commit)
    busy = start(group, submission("a")) + start(group, submission("b"))
    while len(ledger.commits) < 1:
        await asyncio.sleep(0)
    gone, stays = start(group, submission("gone"), submission("stays"))
    await asyncio.sleep(0)
    gone.cancel()
    await settled(gone)
    ledger.gate.set()
    await settled(*busy, stays)
    await group.close()
    keys = [one.key for _, _, submissions in ledger.commits for one in submissions]
    assert sorted(keys) == ["a", "b", "stays"]


async def test_closing_waits_for_the_commit_under_way() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.commit)
    [waiting] = start(group, submission())
    while not ledger.commits:
        await asyncio.sleep(0)
    closing = asyncio.ensure_future(group.close())
    await asyncio.sleep(0)
    assert not closing.done()
    ledger.gate.set()
    await closing
    assert waiting.done()
