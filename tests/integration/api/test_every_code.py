"""Every code of the catalogue is given by something that a caller can do: none is a promise only."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest import mock
from uuid import UUID

import aiohttp
import asyncpg
import pytest
import pytest_asyncio

from server.api import routing
from server.core.config import Settings
from server.core.ids import new_id
from server.domain.enums import Scope
from server.domain.errors import CATALOGUE, Refused
from server.domain.media import IMAGE_MAX
from server.main import create_app
from server.services.bundle import Services
from tests.conftest import Urls
from tests.integration.api.conftest import Answer, Client, Tenant, new_tenant, serving
from tests.integration.conftest import META_TOKEN, NUMBER_IDS
from tests.integration.seed import Workspace

NUMBERS = "/v1/phone-numbers"
MESSAGES = "/v1/messages"
JSON = {"Content-Type": "application/json"}
PERSON = "15550101"


class Case:
    """What the cases start from."""

    def __init__(self, tenant: Tenant, other: Tenant, broken: Client, services: Services, urls: Urls) -> None:
        self.tenant = tenant
        self.client = tenant.client
        self.other = other
        self.broken = broken
        self.services = services
        self.urls = urls

    async def send(self, key: str, text: str = "Good morning", to: str = PERSON) -> Answer:
        command = {"from": NUMBER_IDS[0], "to": f"+{to}", "type": "text", "text": {"body": text}}
        return await self.client.post(MESSAGES, json=command, headers={"Idempotency-Key": key})

    async def connect(self, client: Client, token: str = META_TOKEN) -> Answer:
        return await client.post(NUMBERS, json={"phone_number_id": NUMBER_IDS[0], "access_token": token})


Doing = Callable[[Case], Awaitable[Any]]


async def _missing_scope(case: Case) -> Answer:
    made = await case.services.api_keys.create(case.tenant.workspace_id, name="none", scopes=frozenset[Scope]())
    return await case.client.with_key(made.token).get(NUMBERS)


async def _unknown_number(case: Case) -> Answer:
    command = {"from": "999", "to": f"+{PERSON}", "type": "text", "text": {"body": "x"}}
    return await case.client.post(MESSAGES, json=command)


async def _send_with(case: Case, **fields: str) -> Answer:
    command = {"from": NUMBER_IDS[0], "to": f"+{PERSON}", "type": "text", "text": {"body": "x"}, **fields}
    return await case.client.post(MESSAGES, json=command)


async def _with_a_template(
    case: Case, name: str, category: str, status: str, to: str = f"+{PERSON}", components: str = "[]"
) -> Answer:
    owner = await asyncpg.connect(case.urls.admin)
    await owner.execute(
        """INSERT INTO templates (workspace_id, id, waba_id, name, language, category, status, components)
           SELECT n.workspace_id, $2, n.waba_id, $3, 'en_US', $4, $5, $6
           FROM phone_numbers n WHERE n.phone_number_id = $1""",
        NUMBER_IDS[0],
        new_id(),
        name,
        category,
        status,
        components,
    )
    await owner.close()
    template = {"name": name, "language": {"code": "en_US"}}
    command = {"from": NUMBER_IDS[0], "to": to, "type": "template", "template": template}
    return await case.client.post(MESSAGES, json=command)


async def _with_marketing_to_who_stopped_it(case: Case) -> Answer:
    owner = await asyncpg.connect(case.urls.admin)
    await owner.execute(
        """INSERT INTO consents (workspace_id, id, contact_id, kind, state, source, at)
           SELECT workspace_id, $2, contact_id, 'marketing', 'revoked', 'keyword', now()
           FROM contact_identities WHERE kind = 'wa_id' AND value = $1""",
        PERSON,
        new_id(),
    )
    await owner.close()
    return await _with_a_template(case, "sale", "MARKETING", "APPROVED")


async def _act_on_what_was_sent(case: Case, verb: str) -> Answer:
    """On a message that is on the wire."""
    sent = await case.send(f"to {verb}")
    owner = await asyncpg.connect(case.urls.admin)
    await owner.execute("UPDATE outbox SET state = 'sending' WHERE message_id = $1", UUID(sent.body["id"]))
    await owner.close()
    return await case.client.post(f"{MESSAGES}/{sent.body['id']}/{verb}")


async def _read_what_meta_does_not_know(case: Case) -> Answer:
    owner = await asyncpg.connect(case.urls.admin)
    talk = await owner.fetchrow(
        "SELECT * FROM conversations WHERE workspace_id = $1 AND last_inbound_at IS NOT NULL", case.tenant.workspace_id
    )
    shop = Workspace(owner, id=case.tenant.workspace_id)
    message = await shop.inbound(talk["phone_number_id"], talk["contact_id"], talk["id"])
    await owner.close()
    return await case.client.post(f"{MESSAGES}/{message}/read")


async def _conflict(case: Case) -> Answer:
    assert (await case.send("conflict")).status == 202
    return await case.send("conflict", text="Something else")


async def _in_progress(case: Case) -> Answer:
    """A rival holds the key's row; it is uncommitted until we have our answer."""
    rival = await asyncpg.connect(case.urls.admin)
    try:
        async with rival.transaction():
            await rival.execute(
                "INSERT INTO idempotency_keys (workspace_id, endpoint, key, request_hash, status, response) "
                "VALUES ($1, 'POST /v1/messages', 'busy', '\\x00', 202, '{}')",
                case.tenant.workspace_id,
            )
            return await case.send("busy")
    finally:
        await rival.close()


async def _not_ambiguous(case: Case) -> Answer:
    message = (await case.send("certain")).body
    return await case.client.post(f"{MESSAGES}/{message['id']}/resolve", json={"as": "sent"})


async def _too_slow(case: Case) -> Answer:
    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    with mock.patch.object(routing, "BODY_TIMEOUT_S", 0.2):
        return await case.client.post(NUMBERS, data=drip(), headers=JSON)


async def _number_taken(case: Case) -> Answer:
    return await case.connect(case.other.client)


async def _slug_taken(case: Case) -> None:
    for _ in range(2):
        await case.services.apps.create(slug="twice", app_secret="secret", verify_token="token")


async def _app_taken(case: Case) -> None:
    for slug in ("first", "second"):
        await case.services.apps.create(slug=slug, app_secret="secret", verify_token="token", meta_app_id="42")


async def _without_meta(case: Case) -> Answer:
    return await case.broken.post(NUMBERS, json={"phone_number_id": "1", "access_token": "x"})


def _upload(content_type: str, content: bytes) -> Doing:
    return lambda case: case.client.post("/v1/media", data=content, headers={"Content-Type": content_type})


async def _unknown_media(case: Case) -> Answer:
    command = {"from": NUMBER_IDS[0], "to": f"+{PERSON}", "type": "image", "image": {"id": str(new_id())}}
    return await case.client.post(MESSAGES, json=command)


CASES: dict[str, Doing] = {
    "bad_json": lambda case: case.client.post(NUMBERS, data=b"{", headers=JSON),
    "unsupported_media_type": lambda case: case.client.post(NUMBERS, data=b"{}"),
    "compressed_body": lambda case: case.client.post(NUMBERS, data=b"{}", headers={"Content-Encoding": "x"}),
    "body_too_large": lambda case: case.client.post(NUMBERS, data=b" " * 65_537, headers=JSON),
    "body_too_slow": _too_slow,
    "invalid_request": lambda case: case.client.post(NUMBERS, json={}),
    "invalid_idempotency_key": lambda case: case.send(""),
    "missing_key": lambda case: Client(case.client.base_url, case.client.session).get(NUMBERS),
    "invalid_key": lambda case: case.client.with_key("x").get(NUMBERS),
    "missing_scope": _missing_scope,
    "not_found": lambda case: case.client.get("/nothing"),
    "method_not_allowed": lambda case: case.client("PUT", NUMBERS),
    "unknown_number": _unknown_number,
    "number_taken": _number_taken,
    "unknown_media": _unknown_media,
    "media_type_unsupported": _upload("image/gif", b"GIF89a"),
    "media_too_large": _upload("image/png", b"\x89PNG\r\n\x1a\n" + bytes(IMAGE_MAX)),
    "media_mismatch": _upload("image/png", b"%PDF-1.7"),
    "window_closed": lambda case: case.send("closed", to="15550199"),
    "idempotency_conflict": _conflict,
    "idempotency_in_progress": _in_progress,
    "not_ambiguous": _not_ambiguous,
    "invalid_name": lambda case: case.services.workspaces.create(" "),
    "invalid_app": lambda case: case.services.apps.create(slug="Not A Slug", app_secret="x", verify_token="x"),
    "slug_taken": _slug_taken,
    "app_taken": _app_taken,
    "invalid_cursor": lambda case: case.client.get(NUMBERS + "?cursor=x"),
    "expired": lambda case: _send_with(case, expires_at="2020-01-01T00:00:00Z"),
    "too_far_ahead": lambda case: _send_with(case, send_at="2999-01-01T00:00:00Z"),
    "template_not_usable": lambda case: _with_a_template(case, "gone", "UTILITY", "DISABLED"),
    "template_misfit": lambda case: _with_a_template(
        case, "greeting", "UTILITY", "APPROVED", components='[{"type": "BODY", "text": "Hello {{1}}"}]'
    ),
    "opted_out": _with_marketing_to_who_stopped_it,
    "password_to_user_id": lambda case: _with_a_template(
        case, "code", "AUTHENTICATION", "APPROVED", to="US.1234567890"
    ),
    "not_cancellable": lambda case: _act_on_what_was_sent(case, "cancel"),
    "not_received": lambda case: _act_on_what_was_sent(case, "read"),
    "receipt_refused": _read_what_meta_does_not_know,
    "token_refused": lambda case: case.connect(case.client, token="unknown"),
    "meta_unreachable": _without_meta,
    "unavailable": lambda case: case.broken.get(MESSAGES),
    "internal_error": lambda case: case.broken.get("/v1/conversations"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broken(module_settings: Settings, services: Services, tenant: Tenant) -> AsyncIterator[Client]:
    """An API whose messages are away, whose conversations have a bug, and that does not reach Meta."""

    class Away:
        async def list(self, *_: object, **__: object) -> None:
            raise ConnectionRefusedError

    class Bug:
        async def list(self, *_: object, **__: object) -> None:
            raise ZeroDivisionError

    class WithoutMeta:
        async def connect(self, *_: object, **__: object) -> None:
            raise Refused("meta_unreachable")

    @asynccontextmanager
    async def runtime(_settings: Settings) -> AsyncIterator[Services]:
        yield replace(services, messages=Away(), conversations=Bug(), phone_numbers=WithoutMeta())  # type: ignore[arg-type]  # faulty on purpose

    async with aiohttp.ClientSession() as session, serving(create_app(module_settings, runtime)) as base_url:
        yield Client(base_url, session).with_key(tenant.token)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(
    api: Client, tenant: Tenant, broken: Client, services: Services, urls: Urls, admin: asyncpg.Connection
) -> Case:
    """A connected number, and a person who wrote to it a minute ago."""
    found = Case(tenant, await new_tenant(api, services, "Other"), broken, services, urls)
    connected = await found.connect(tenant.client)
    assert connected.status == 200
    await Workspace(admin, id=tenant.workspace_id).person(UUID(connected.body["id"]), PERSON)
    return found


def test_there_is_a_case_for_every_code() -> None:
    assert set(CASES) == set(CATALOGUE)


@pytest.mark.parametrize("code", CASES)
async def test_the_code_is_given(case: Case, code: str) -> None:
    async with asyncio.timeout(60):
        answer = await _outcome(CASES[code](case))
    if isinstance(answer, Refused):
        assert answer.code == code
        return
    assert (answer.status, answer.code) == (CATALOGUE[code].status, code)
    if code in ("unavailable", "idempotency_in_progress"):
        assert int(answer.headers["Retry-After"]) >= 1


async def _outcome(doing: Awaitable[Any]) -> Answer | Refused:
    """What the API answered, or what a service refused."""
    try:
        answer = await doing
    except Refused as refused:
        return refused
    assert isinstance(answer, Answer), "nothing was refused"
    return answer
