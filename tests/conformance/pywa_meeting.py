"""A simulator, and pywa pointed at it: the client for calls, and its own webhook server with signatures checked.

For the tests of `test_pywa.py`. Nothing of pywa is changed: it takes the HTTP client that it is to use, and the base
URL is a setting of that client.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastapi
import httpx
import pywa_async
import uvicorn
from aiohttp.test_utils import TestClient, TestServer

from simulator import samples
from simulator.app import create_app
from simulator.clock import Clock
from simulator.world import World

APP, WABA, NUMBER, PORTFOLIO = "100000000000001", "200000000000002", "300000000000003", "900000000000001"
ANN, BOB, NOBODY = "15550100001", "15550100002", "15550199999"
GROUP = "Y2FwaV9ncm91cDoxNTU1MDEwMDAwMDoxMjAzNjMwMDAwMDAwMDAwMDE"
TOKEN, SECRET, VERIFY = "EAAtokenOfTheTests0001", "an app secret of tests", "a verify token of tests"
PATIENCE_S = 30.0

HANDLERS = {
    "message": pywa_async.handlers.MessageHandler,
    "status": pywa_async.handlers.MessageStatusHandler,
    "group_statuses": pywa_async.handlers.GroupMessageStatusesHandler,
    "button": pywa_async.handlers.CallbackButtonHandler,
    "selection": pywa_async.handlers.CallbackSelectionHandler,
    "number_change": pywa_async.handlers.PhoneNumberChangeHandler,
    "identity_change": pywa_async.handlers.IdentityChangeHandler,
    "flow_completion": pywa_async.handlers.FlowCompletionHandler,
    "template_status": pywa_async.handlers.TemplateStatusUpdateHandler,
    "template_category": pywa_async.handlers.TemplateCategoryUpdateHandler,
    "template_quality": pywa_async.handlers.TemplateQualityUpdateHandler,
    "template_components": pywa_async.handlers.TemplateComponentsUpdateHandler,
    "marketing_preferences": pywa_async.handlers.UserMarketingPreferencesHandler,
    "call_connect": pywa_async.handlers.CallConnectHandler,
    "call_terminate": pywa_async.handlers.CallTerminateHandler,
    "call_status": pywa_async.handlers.CallStatusHandler,
    "call_permission": pywa_async.handlers.CallPermissionUpdateHandler,
    "edited": pywa_async.handlers.EditedMessageHandler,
    "deleted": pywa_async.handlers.DeletedMessageHandler,
    "raw": pywa_async.handlers.RawUpdateHandler,
    "account": pywa_async.handlers.AccountUpdateHandler,
}


class Complaints(logging.Handler):
    """What pywa logs as a warning or worse: it swallows what it does not understand."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        reason = f": {record.exc_info[1]!r}" if record.exc_info else ""
        self.lines.append(record.getMessage() + reason)


@dataclass
class Meeting:
    wa: pywa_async.WhatsApp
    http: TestClient
    complaints: Complaints
    address: str
    updates: list[tuple[str, Any]] = field(default_factory=list)

    async def control(self, method: str, path: str, body: object = None) -> dict:
        async with self.http.request(method, f"/_sim/{path}", json=body) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return told

    async def write(self, **said: object) -> str:
        """Ann writes; the id of her message."""
        return (await self.control("POST", f"people/{ANN}/messages", {"to": NUMBER, **said}))["id"]

    async def does(self, what: str, **body: object) -> dict:
        return await self.control("POST", f"people/{ANN}/{what}", body)

    async def in_chat(self, wamid: str, wa_id: str = ANN) -> dict:
        """The message as the person's phone shows it."""
        chat = await self.control("GET", f"people/{wa_id}/chat")
        (found,) = [one for thread in chat["threads"] for one in thread["messages"] if one["id"] == wamid]
        return found

    async def update(self, kind: str, wanted: Callable[[Any], object] = lambda _update: True) -> Any:
        """The first update of this kind that is as wanted, once pywa has handed it over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for name, update in self.updates:
                    if name == kind and wanted(update):
                        return update
                await asyncio.sleep(0.01)

    async def delivered(self, wamid: str) -> Any:
        return await self.update("status", lambda one: one.id == wamid and one.status.value == "delivered")

    def path_of(self, sample: str) -> Path:
        return Path(samples.__file__).parent / sample


@asynccontextmanager
async def meeting() -> AsyncIterator[Meeting]:
    world = World.create(clock=Clock(time_scale=20))
    async with TestClient(TestServer(create_app(world))) as http, httpx.AsyncClient() as session:
        address = str(http.make_url("")).rstrip("/")
        app = fastapi.FastAPI()
        wa = pywa_async.WhatsApp(
            phone_id=NUMBER,
            waba_id=WABA,
            token=TOKEN,
            session=session,
            server=app,
            webhook_endpoint="/webhook",
            verify_token=VERIFY,
            app_secret=SECRET,
            validate_updates=True,
        )
        session.base_url = f"{address}/v26.0"
        made = Meeting(wa, http, Complaints(), address)
        for kind, handler in HANDLERS.items():
            wa.add_handlers(handler(_keeping(made, kind)))
        loggers = [logging.getLogger("pywa"), logging.getLogger("pywa_async")]
        for logger in loggers:
            logger.addHandler(made.complaints)
        async with serving(app) as callback:
            await configure(made, f"{callback}/webhook")
            yield made
        for logger in loggers:
            logger.removeHandler(made.complaints)


def _keeping(made: Meeting, kind: str) -> Callable:
    async def keep(_client: pywa_async.WhatsApp, update: Any) -> None:
        made.updates.append((kind, update))

    return keep


@asynccontextmanager
async def serving(app: fastapi.FastAPI) -> AsyncIterator[str]:
    """The address of the app on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serve = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(PATIENCE_S):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serve


async def configure(made: Meeting, callback_url: str) -> None:
    """One app, account, number and token, two people, templates of all kinds, and open windows."""
    callback = {"callback_url": callback_url, "verify_token": VERIFY}
    await made.control("PUT", f"apps/{APP}", {"name": "App", "app_secret": SECRET, **callback})
    account = {"name": "Shop", "business_id": PORTFOLIO, "subscribed_apps": [APP]}
    await made.control("PUT", f"wabas/{WABA}", account)
    number = {"waba_id": WABA, "display_phone_number": "+1 555-010-0000", "verified_name": "Shop"}
    await made.control("PUT", f"numbers/{NUMBER}", number)
    await made.control("POST", "tokens", {"token": TOKEN, "app_id": APP, "waba_ids": [WABA]})
    limits = dict.fromkeys(("throughput", "pair", "messaging", "calls"), "off")
    await made.control("PUT", "settings", {"webhook_batch": 1, "limits": limits})
    await made.control("POST", f"wabas/{WABA}/templates/samples")
    for wa_id, name in ((ANN, "Ann"), (BOB, "Bob")):
        await made.control("PUT", f"people/{wa_id}", {"name": name, "behaviour": {"reads": False}})
        await made.control("POST", f"people/{wa_id}/messages", {"to": NUMBER, "text": "Good morning"})
