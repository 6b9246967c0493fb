"""Lets concurrent requests of a workspace share a transaction: each returns after the commit that holds its own.

Called by `services.messages`. A request that comes while others commit waits for the next commit, so that under load a
commit holds many and alone a request waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from server.services.submissions import Answer, Submission

COMMITS_IN_FLIGHT = 2
"""Of a workspace and endpoint. Two keep PostgreSQL busy while one of them waits for its disk."""
COMMANDS_A_COMMIT = 500

Place = tuple[UUID, str]
"""Workspace and endpoint: what submissions must have in common."""
Commit = Callable[[UUID, str, Sequence[Submission]], Awaitable[Sequence[Answer]]]
"""One transaction for all. Raises asyncpg.LockNotAvailableError when a key of one of them waits for a rival."""


@dataclass(slots=True, eq=False)
class _Waiting:
    submission: Submission
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@dataclass(slots=True)
class _Line:
    """Those who wait at one place, and how many commits are under way there."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    committers: int = 0


class GroupCommit:
    """For one event loop."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._lines: dict[Place, _Line] = {}
        self._committing: set[asyncio.Task[None]] = set()

    async def submit(self, workspace_id: UUID, endpoint: str, submission: Submission) -> Answer:
        """The answer, once committed. Raises what the commit raised: then nobody knows, or nothing was written."""
        place, mine = (workspace_id, endpoint), _Waiting(submission)
        line = self._lines.setdefault(place, _Line())
        line.waiting.append(mine)
        if line.committers < COMMITS_IN_FLIGHT:
            line.committers += 1
            task = asyncio.create_task(self._commit_all(place, line))
            self._committing.add(task)
            task.add_done_callback(self._committing.discard)
        return await mine.answer

    async def close(self) -> None:
        """Waits for the commits under way."""
        if self._committing:
            await asyncio.wait(self._committing)

    async def _commit_all(self, place: Place, line: _Line) -> None:
        # Requests that came in the same moment get a chance to join.
        await asyncio.sleep(0)
        while batch := _next_batch(line.waiting):
            await self._commit_together(place, batch)
        line.committers -= 1
        if not line.committers:
            del self._lines[place]

    async def _commit_together(self, place: Place, batch: Sequence[_Waiting]) -> None:
        try:
            answers = await self._commit(*place, [item.submission for item in batch])
        except asyncpg.LockNotAvailableError as failure:
            if len(batch) == 1:
                _fail(batch, failure)
            # One of them waits for a rival with its key, in another process. The others need not.
            for item in batch if len(batch) > 1 else ():
                await self._commit_together(place, [item])
        except Exception as failure:  # every request hears of it
            _fail(batch, failure)
        else:
            for item, answer in zip(batch, answers, strict=True):
                if not item.answer.done():
                    item.answer.set_result(answer)


def _next_batch(waiting: deque[_Waiting]) -> list[_Waiting]:
    """Those who came first, with keys that differ. Who gave up while they waited is left out."""
    batch: list[_Waiting] = []
    keys: set[str] = set()
    commands = 0
    while waiting:
        item = waiting[0]
        key, count = item.submission.key, len(item.submission.commands)
        if batch and (commands + count > COMMANDS_A_COMMIT or key in keys):
            break
        waiting.popleft()
        if item.answer.cancelled():
            continue
        batch.append(item)
        commands += count
        if key is not None:
            keys.add(key)
    return batch


def _fail(batch: Sequence[_Waiting], failure: Exception) -> None:
    for item in batch:
        if not item.answer.done():
            item.answer.set_exception(failure)
