"""Sends webhooks: one queue per app, several POSTs at a time, again and again until one is answered with 200.

The emitter and recovery publish updates here; every attempt goes into the ledger before it is counted. This
module decides no content and no timing of events, and it never logs a body, a secret or a URL's query.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import aiohttp

from simulator.clock import Clock
from simulator.faults.active import Faults
from simulator.faults.update_rules import Sign
from simulator.ledger import Ledger
from simulator.scheduler import Scheduler, Timer
from simulator.state import App, Store
from simulator.webhooks.batching import Batcher
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.retry import wait_before_next_s
from simulator.webhooks.signing import signature_headers
from simulator.webhooks.updates import Update, envelope

log = logging.getLogger("simulator.webhooks")

_READABLE_ANSWER = 65_536
_HEADERS = {"Content-Type": "application/json", "User-Agent": "facebookexternalua", "Accept": "*/*"}


@dataclass(slots=True)
class Post:
    id: int
    app_id: str
    body: bytes
    updates: list[int]
    first_at: float
    attempts: int = 0
    copy_of: int | None = None
    signed: Sign | None = None


@dataclass(slots=True)
class Result:
    """What came back: an HTTP status, or the reason why none did."""

    http: int | None = None
    error: str | None = None


class WebhookSender:
    def __init__(
        self, *, store: Store, ledger: Ledger, outbox: Outbox, scheduler: Scheduler, clock: Clock, faults: Faults
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._outbox = outbox
        self._scheduler = scheduler
        self._clock = clock
        self._faults = faults
        self._queues: dict[str, AppQueue] = {}
        self._posts = 0
        self._copies: dict[tuple[str, int], list[float]] = {}
        self._signed: dict[tuple[str, int], Sign] = {}
        self.copies_under_way = 0
        self._session: aiohttp.ClientSession | None = None
        faults.watch(self._go_on)

    @property
    def held(self) -> bool:
        """Whether nothing may leave now."""
        return self._faults.holding

    @property
    def session(self) -> aiohttp.ClientSession:
        """The one client of the process; made at first use, inside the loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                skip_auto_headers=("Accept-Encoding",),
                auto_decompress=False,
            )
        return self._session

    def publish(self, update: Update, app_ids: Iterable[str]) -> None:
        for app_id in app_ids:
            self._queue(app_id).add(update)

    def publish_together(self, updates: Iterable[Update], app_id: str) -> None:
        """In one POST, or as few as Meta's longest body allows."""
        together = Batcher()
        for update in updates:
            together.add(update)
        while batch := together.take(len(together), 0):
            self._queue(app_id).put(self.new_post(app_id, batch))

    def copy_post_with(self, seq: int, app_ids: Iterable[str], waits_s: list[float]) -> None:
        """Plan that the POST with this update comes again, once for each wait, whatever it is answered with."""
        for app_id in app_ids:
            self._copies[app_id, seq] = waits_s

    def sign_post_with(self, seq: int, app_ids: Iterable[str], signed: Sign) -> None:
        """Plan that the first attempts of the POST with this update are signed with another secret."""
        for app_id in app_ids:
            self._signed[app_id, seq] = signed

    def new_post(self, app_id: str, updates: list[Update]) -> Post:
        seqs = [update.seq for update in updates]
        app = self._store.apps.get(app_id)
        body = envelope(updates, old=app is not None and app.is_old)
        post = Post(self._next_id(), app_id, body, seqs, self._clock.monotonic())
        if self._signed:
            post.signed = next((sign for seq in seqs if (sign := self._signed.pop((app_id, seq), None))), None)
        if self._copies:
            for wait_s in (wait_s for seq in seqs for wait_s in self._copies.pop((app_id, seq), ())):
                self._scheduler.after(wait_s, partial(self._send_copy, post))
        return post

    async def deliver(self, post: Post) -> None:
        """One attempt, written to the ledger; a failed one is scheduled again or given up."""
        result = await self._attempt(post)
        if post.copy_of is not None:
            self.copies_under_way -= 1
            self._record(post, result, "copy")
            return
        if result.http == 200:
            self._settle(post, result, "acknowledged")
            return
        settings = self._store.settings
        wait_s = wait_before_next_s(
            post.attempts,
            self._clock.elapsed_s(post.first_at),
            steps_s=settings.webhook_retry_steps_s,
            give_up_s=settings.webhook_give_up_s,
        )
        if wait_s is None:
            self._settle(post, result, "dropped")
            return
        self._record(post, result, "retry")
        self._scheduler.after(wait_s, partial(self._queues[post.app_id].put, post))

    @property
    def by_hand(self) -> bool:
        """Whether POSTs leave only when time is moved, by `deliver_due`."""
        return self._clock.manual

    @property
    def has_due(self) -> bool:
        return any(queue.has_due for queue in self._queues.values())

    async def deliver_due(self) -> int:
        """With a manual clock: attempt all POSTs that may leave now, one after the other; returns how many."""
        made = 0
        while (post := self._next_due()) is not None:
            await self.deliver(post)
            made += 1
        return made

    def end_window_after(self, window_s: float, end: Callable[[], None]) -> Timer | None:
        """Real seconds, as long as time passes by itself."""
        if self.by_hand:
            self._scheduler.after(window_s, end)
            return None
        return asyncio.get_running_loop().call_later(window_s, end)

    async def close(self) -> None:
        for queue in self._queues.values():
            await queue.close()
        if self._session is not None:
            await self._session.close()

    def _queue(self, app_id: str) -> AppQueue:
        queue = self._queues.get(app_id)
        if queue is None:
            queue = self._queues[app_id] = AppQueue(app_id, self, self._store)
        return queue

    def _go_on(self) -> None:
        """An outage may have ended."""
        for queue in self._queues.values():
            queue.pump()

    def _next_due(self) -> Post | None:
        return next((post for queue in self._queues.values() if (post := queue.next_post()) is not None), None)

    def _next_id(self) -> int:
        self._posts += 1
        return self._posts

    def _send_copy(self, post: Post) -> None:
        self.copies_under_way += 1
        copy = Post(self._next_id(), post.app_id, post.body, post.updates, self._clock.monotonic(), copy_of=post.id)
        self._queues[post.app_id].put(copy)

    async def _attempt(self, post: Post) -> Result:
        post.attempts += 1
        try:
            self._ledger.flush()  # what is told must be on record first
        except OSError as error:
            return Result(error=type(error).__name__)
        app = self._store.apps.get(post.app_id)
        if app is None or app.callback_url is None:
            return Result(error="the app has no callback")
        headers = signature_headers(post.body, _secret(post, app))
        timeout = aiohttp.ClientTimeout(total=self._store.settings.webhook_timeout_s)
        try:
            async with self.session.post(
                app.callback_url, data=post.body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                # Read a short answer, so that the connection can be used again; a long one closes it.
                await answer.content.read(_READABLE_ANSWER)
                return Result(http=answer.status)
        except TimeoutError:
            return Result(error="timeout")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Result(error=type(error).__name__)

    def _settle(self, post: Post, result: Result, outcome: str) -> None:
        self._record(post, result, outcome)
        is_owed = self._ledger.summary.is_owed
        self._outbox.forget(seq for seq in post.updates if not is_owed(seq))

    def _record(self, post: Post, result: Result, outcome: str) -> None:
        self._ledger.append(
            "webhook",
            post=post.id,
            copy_of=post.copy_of,
            app_id=post.app_id,
            attempt=post.attempts,
            http=result.http,
            error=result.error,
            outcome=outcome,
            updates=post.updates,
        )
        if result.http != 200:
            log.warning(
                "webhook %d to app %s, attempt %d: %s", post.id, post.app_id, post.attempts, result.error or result.http
            )


def _secret(post: Post, app: App) -> str:
    if post.signed is None or post.attempts > post.signed.attempts:
        return app.app_secret
    if post.signed.using == "previous" and app.previous_secret is not None:
        return app.previous_secret
    return secrets.token_hex(16)


class AppQueue:
    """What waits for one app, and the POSTs to it that are under way, at most `webhook_concurrency`."""

    def __init__(self, app_id: str, sender: WebhookSender, store: Store) -> None:
        self._app_id = app_id
        self._sender = sender
        self._store = store
        self._batcher = Batcher()
        self._again: deque[Post] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._collecting = False
        self._window: Timer | None = None
        self._closed = False

    def add(self, update: Update) -> None:
        waiting = self._batcher.add(update)
        # While a batch is being collected only the last of it can set something in motion.
        if not self._collecting or waiting >= self._store.settings.webhook_batch:
            self.pump()

    def put(self, post: Post) -> None:
        """A POST that is ready: a failed one again, or a copy."""
        self._again.append(post)
        self.pump()

    @property
    def has_due(self) -> bool:
        if self._sender.held:
            return False
        settings = self._store.settings
        return bool(self._again) or self._batcher.is_ready(settings.webhook_batch, settings.webhook_window_s)

    def next_post(self) -> Post | None:
        if self._sender.held:
            return None
        if self._again:
            return self._again.popleft()
        settings = self._store.settings
        updates = self._batcher.take(settings.webhook_batch, settings.webhook_window_s)
        return self._sender.new_post(self._app_id, updates) if updates else None

    async def close(self) -> None:
        self._closed = True
        if self._window is not None:
            self._window.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def pump(self) -> None:
        """Send what may leave now."""
        if self._sender.by_hand:
            if not self.has_due:
                self._await_window()
            return
        while not self._closed and len(self._tasks) < self._store.settings.webhook_concurrency:
            post = self.next_post()
            if post is None:
                self._await_window()
                return
            task = asyncio.create_task(self._sender.deliver(post))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _await_window(self) -> None:
        if len(self._batcher) and not self._collecting and not self._sender.held:
            self._collecting = True
            self._window = self._sender.end_window_after(self._store.settings.webhook_window_s, self._end_window)

    def _end_window(self) -> None:
        self._collecting = False
        self._window = None
        self._batcher.end_window()
        self.pump()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a webhook could not be recorded: %s", type(error).__name__)
        self.pump()
