"""Broken variants of the product. A regime that does not turn red for them proves nothing.

`breed` is called in a process that is about to become the product; the product itself knows nothing of it.
"""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any


def blind_retry() -> None:
    """A send without an answer is sent again at once: what most programs do."""
    from server.services import settlement
    from server.whatsapp.errors import Ambiguous, Late

    sort = settlement._sort

    def sort_blindly(result: Any, attempt: Any, verdicts: Any) -> None:
        if isinstance(result.tried.outcome, Ambiguous):
            verdicts.back.append((result.key, Late("blind")))
        else:
            sort(result, attempt, verdicts)

    settlement._sort = sort_blindly


def send_before_commit() -> None:
    """Messages are written to Meta inside the transaction that makes them `sending`."""
    from server.services.dispatch import Dispatch
    from server.whatsapp.outbound import OutboundClient
    from server.workers.outbound import OutboundWorker

    commit, send, init = Dispatch._commit_sending, OutboundClient.send, OutboundWorker.__init__
    clients: list[OutboundClient] = []
    tried: dict[str, Any] = {}

    def init_and_tell(self: Any, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        clients.append(self._client)

    async def write_too_early(self: Any, connection: Any, grants: Any) -> Any:
        departures, ends = await commit(self, connection, grants)
        for departure in departures:
            tried[departure.request.payload["biz_opaque_callback_data"]] = await send(
                clients[0],
                phone_number_id=departure.phone_number_id,
                token=departure.token,
                request=departure.request,
                begin_by=math.inf,
            )
        return departures, ends

    async def give_result(_self: Any, *, request: Any, **_options: Any) -> Any:
        return tried.pop(request.payload["biz_opaque_callback_data"])

    OutboundWorker.__init__ = init_and_tell  # type: ignore[method-assign]
    Dispatch._commit_sending = write_too_early  # type: ignore[method-assign]
    OutboundClient.send = give_result  # type: ignore[method-assign,assignment]


def rescuer_to_queued() -> None:
    """Stale `sending` goes back to `queued`, as in most job queues."""
    from server.repositories import dispatch

    rescue = dispatch.rescue

    async def rescue_to_queued(connection: Any, *, older_than_s: float, limit: int) -> Any:
        rescued = await rescue(connection, older_than_s=older_than_s, limit=limit)
        await connection.execute(
            "UPDATE outbox SET state = 'queued' WHERE state = 'unknown' AND message_id = ANY ($1)",
            [row["message_id"] for row in rescued],
        )
        return rescued

    dispatch.rescue = rescue_to_queued


def ack_before_commit() -> None:
    """A webhook is answered with 200, and committed a little later."""
    from server.services.inbox import Inbox

    store = Inbox.store
    committing: set[asyncio.Task[Any]] = set()

    async def store_later(self: Any, app_id: Any, body: bytes) -> Any:
        async def commit() -> None:
            await asyncio.sleep(0.1)  # the answer leaves first
            await store(self, app_id, body)

        task = asyncio.create_task(commit())
        committing.add(task)
        task.add_done_callback(committing.discard)
        return app_id

    Inbox.store = store_later  # type: ignore[method-assign]


def dedupe_before_commit() -> None:
    """A webhook's job is deleted in a transaction of its own, before its effects are committed."""
    from server.repositories import webhooks

    finish = webhooks.finish

    async def finish_for_good(connection: Any, ids: Any) -> Any:
        finished = await finish(connection, ids)
        await connection.execute("COMMIT")
        await connection.execute("BEGIN")
        return finished

    webhooks.finish = finish_for_good


def burst_equals_rate() -> None:
    """A number may have a whole second of Meta's figure at once: what a counter of each second would allow."""
    from server.domain import budget
    from server.queue import outbound

    outbound._BURST_US = 1_000_000
    budget.rate = float  # type: ignore[assignment]


def skewed_clock(seconds: float) -> None:
    """Its clock differs. That breaks nothing: what must be right asks the servers."""
    from server.core import clock

    class Skewed(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=seconds)

    clock.datetime = Skewed  # type: ignore[misc]


def pop_without_row() -> None:
    """The queue holds the work: a webhook whose id is not in it is never looked for."""
    from server.services.webhooks import Webhooks

    async def find_nothing(_self: Any, _limit: int) -> list[Any]:
        return []

    Webhooks.sweep = find_nothing  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "blind-retry": blind_retry,
    "send-before-commit": send_before_commit,
    "rescuer-to-queued": rescuer_to_queued,
    "ack-before-commit": ack_before_commit,
    "dedupe-before-commit": dedupe_before_commit,
    "burst-equals-rate": burst_equals_rate,
    "pop-without-row": pop_without_row,
}


def breed(name: str) -> None:
    """Makes this process that mutant, or gives it a clock (`clock:SECONDS`). To be called before the product runs."""
    kind, _, seconds = name.partition(":")
    if kind == "clock":
        skewed_clock(float(seconds))
    else:
        MUTANTS[kind]()
