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
"""Of a workspace and endpoint. Two keep PostgreSQL and this process busy at the same time."""
COMMANDS_A_COMMIT = 500
COMMANDS_WORTH_ANOTHER = 100
"""Of so many that wait a commit begins beside one under way. Fewer come along with the next: a commit costs as much as
thirty commands in it."""
PATIENCE_S = 0.05
"""A commit that takes longer waits for a rival or for its disk. Whoever waits behind it then need not wait for it."""

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
    """Those who wait at one place, with how many commands; how many commit there, the last of them since when."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    commands: int = 0
    committers: int = 0
    began: float = 0.0
    patience: asyncio.TimerHandle | None = None

    def join(self, item: _Waiting) -> None:
        self.waiting.append(item)
        self.commands += len(item.submission.commands)

    def leave(self) -> _Waiting:
        item = self.waiting.popleft()
        self.commands -= len(item.submission.commands)
        return item

    @property
    def can_wait(self) -> bool:
        """Whether those who wait go best with the next commit of a committer that is at work."""
        return self.committers > 0 and (self.committers == COMMITS_IN_FLIGHT or self.commands < COMMANDS_WORTH_ANOTHER)


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
        line.join(mine)
        if not line.can_wait:
            self._begin(place, line)
        elif line.patience is None:
            line.patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._look_after, place, line)
        return await mine.answer

    async def close(self) -> None:
        """Waits for the commits under way."""
        if self._committing:
            await asyncio.wait(self._committing)

    def _begin(self, place: Place, line: _Line) -> None:
        line.committers += 1
        task = asyncio.create_task(self._commit_all(place, line))
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)

    def _look_after(self, place: Place, line: _Line) -> None:
        """Whether those who wait have waited for the same commit all the time."""
        line.patience = None
        if not line.waiting or line.committers == COMMITS_IN_FLIGHT:
            return
        loop = asyncio.get_running_loop()
        left_s = line.began + PATIENCE_S - loop.time()
        if left_s <= 0:
            self._begin(place, line)
        else:
            line.patience = loop.call_later(left_s, self._look_after, place, line)

    async def _commit_all(self, place: Place, line: _Line) -> None:
        # Requests that came in the same moment get a chance to join.
        await asyncio.sleep(0)
        while batch := _next_batch(line):
            line.began = asyncio.get_running_loop().time()
            await self._commit_together(place, batch)
            if line.committers > 1 and line.commands < COMMANDS_WORTH_ANOTHER:
                break
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


def _next_batch(line: _Line) -> list[_Waiting]:
    """Those who came first, with keys that differ. Who gave up while they waited is left out."""
    batch: list[_Waiting] = []
    keys: set[str] = set()
    commands = 0
    while line.waiting:
        item = line.waiting[0]
        key, count = item.submission.key, len(item.submission.commands)
        if batch and (commands + count > COMMANDS_A_COMMIT or key in keys):
            break
        line.leave()
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
