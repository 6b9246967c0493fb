"""The usual webhook, from uvicorn's parser straight into the inbox: whole, signed, of an app in memory.

`cli.api` gives the class to uvicorn, which makes one for each connection. What is in any way unusual goes the long way
of all requests, to `webhooks.WebhookEndpoint`, which can wait, refuse and explain; nothing is refused here.
"""

from asyncio import TimerHandle
from functools import cache, partial
from typing import Any, cast

from fastapi import FastAPI
from starlette.datastructures import State
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.api import edge
from server.api.one_write import OneWriteProtocol, lines
from server.api.webhooks import STORED, UNAVAILABLE, Answer, counter_of, headers_of, is_for, route_of, slug_of
from server.core.clock import monotonic
from server.core.failpoints import fp
from server.core.ids import new_trace_id
from server.services.inbox import Inbox, NotCommitted
from server.services.signing_apps import SigningApp
from server.whatsapp.signature import HEADER

HELD_S = 0.1
"""How long the rest of a body may be on its way; the long way waits longer, and says so when that is over, too."""


class WebhookProtocol(OneWriteProtocol):
    """Holds a webhook's request back until it is whole; all others pass."""

    _held: RequestResponseCycle | None = None
    _timer: TimerHandle | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """What uvicorn calls for a request whose headers are complete and whose turn it is."""
        if app is self.app and cycle.scope["method"] == "POST" and is_for(cycle.scope["path"]):
            self._held = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._held is not None:
            self._proceed(self._held)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._held is not None:  # it came while the one before it was answered
            self._proceed(self._held)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._take_the_long_way()

    def _proceed(self, cycle: RequestResponseCycle) -> None:
        if not cycle.more_body:
            self._take_in(cycle)
        elif cycle.waiting_for_100_continue or self.flow.read_paused:  # it waits for us, or it is large
            self._take_the_long_way()
        elif self._timer is None:
            self._timer = self.loop.call_later(HELD_S, self._take_the_long_way)

    @property
    def _state(self) -> State:
        return cast("FastAPI", self.config.app).state

    def _take_in(self, cycle: RequestResponseCycle) -> None:
        body = bytes(cycle.body)
        inbox: Inbox = self._state.services.inbox
        app = self._signer(inbox, cycle, body)
        if app is None or self.flow.write_paused:
            self._take_the_long_way()
            return
        self._release()
        super()._start_asgi_task(cycle, partial(self._store, cycle, inbox, app, body))

    def _signer(self, inbox: Inbox, cycle: RequestResponseCycle, body: bytes) -> SigningApp | None:
        """The app, if it is known to have signed the body. None is no refusal: the app may be new, or its secret."""
        app = inbox.apps.known(slug_of(cycle.scope["path"]))
        if app is None or len(body) > self._state.webhook_endpoint.max_bytes:
            return None
        signatures = [value for name, value in cycle.scope["headers"] if name == HEADER]
        return app if app.signed(body, signatures) else None

    def _take_the_long_way(self) -> None:
        cycle = self._release()
        if cycle is not None:
            super()._start_asgi_task(cycle, self.app)

    def _release(self) -> RequestResponseCycle | None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        cycle, self._held = self._held, None
        return cycle

    async def _store(
        self, cycle: RequestResponseCycle, inbox: Inbox, app: SigningApp, body: bytes, *_asgi: object
    ) -> None:
        began = monotonic()
        fp("wh.body_read")
        try:
            await inbox.store(app.id, body)
            answer = STORED
        except NotCommitted:
            answer = UNAVAILABLE
        counter_of(answer.result).inc()
        if cycle.disconnected:
            status = edge.CLIENT_LEFT
        else:
            status = answer.status
            self._respond(cycle, answer)
        edge.count("POST", route_of(cycle.scope["path"]), status, seconds=monotonic() - began)

    def _respond(self, cycle: RequestResponseCycle, answer: Answer) -> None:
        head, text = _parts(answer)
        whole = b"".join((lines(self.server_state.default_headers), head, new_trace_id().encode(), b"\r\n"))
        self._write(cycle, answer.status, whole, text)


@cache
def _parts(answer: Answer) -> tuple[bytes, bytes]:
    """The headers that never change, up to the value of the last, and the body."""
    head = lines([*headers_of(answer), *edge.SECURITY_HEADERS, edge.NO_STORE])
    return head + b"x-request-id: ", answer.text.encode()
