"""Connecting, showing and pausing numbers, with the simulator as Meta."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from server.services.bundle import Services
from server.whatsapp.access_token import proven
from simulator.state import Number, Token, Waba
from tests.integration.api.conftest import Client, Tenant, new_tenant
from tests.integration.conftest import META_APP_ID, META_TOKEN, NUMBER_IDS, WABA_ID, Meta

PATH = "/v1/phone-numbers"


@pytest.fixture(autouse=True)
def unchanged(meta: Meta) -> Iterator[None]:
    """What a test changes at Meta is as before for the next."""
    store = meta.world.store
    kept = {name: dict(getattr(store, name)) for name in ("apps", "numbers", "tokens", "wabas")}
    yield
    for name, before in kept.items():
        live = getattr(store, name)
        live.clear()
        live.update(before)


async def connect(client: Client, number_id: str = NUMBER_IDS[0], **more: Any) -> Any:
    wanted = {"phone_number_id": number_id, "access_token": META_TOKEN, **more}
    return await client.post(PATH, json=wanted)


async def test_a_number_is_connected_by_its_token(
    tenant: Tenant, meta: Meta, admin: asyncpg.Connection, services: Services
) -> None:
    answer = await connect(tenant.client)
    assert answer.status == 200, answer.raw
    shown = answer.body
    UUID(shown["id"])
    assert shown["phone_number_id"] == NUMBER_IDS[0]
    assert shown["waba_id"] == WABA_ID
    assert shown["display_phone_number"] == "+1 555-010-0"
    assert shown["verified_name"] == "Test 0"
    assert shown["throughput_mps"] == 80
    assert shown["quality_rating"] == "GREEN"
    assert shown["pause_reason"] is None
    assert shown["created_at"].endswith("Z")
    assert META_TOKEN not in answer.raw.decode()
    assert META_APP_ID in meta.world.store.wabas[WABA_ID].subscribed_apps
    stored = await admin.fetchval("SELECT access_token FROM phone_numbers WHERE id = $1", UUID(shown["id"]))
    assert META_TOKEN.encode() not in stored
    assert (await services.phone_numbers.token(tenant.workspace_id, UUID(shown["id"]))).text == META_TOKEN
    assert (await tenant.client.get(f"{PATH}/{shown['id']}")).body == shown


async def test_an_app_that_requires_proof_gets_it_once_it_is_known_here(
    tenant: Tenant, meta: Meta, services: Services, admin: asyncpg.Connection
) -> None:
    store = meta.world.store
    store.put(msgspec.structs.replace(store.apps[META_APP_ID], requires_proof=True))
    refused = await connect(tenant.client)
    assert (refused.status, refused.code) == (422, "token_refused")
    assert "appsecret_proof" in refused.raw.decode()
    await services.apps.create(
        slug="other", app_secret="another-secret", verify_token="v", meta_app_id="900000000000099"
    )
    await services.apps.create(slug="ours", app_secret="not-the-secret", verify_token="v", meta_app_id=META_APP_ID)
    assert (await connect(tenant.client)).code == "token_refused"
    await services.apps.rotate("ours", app_secret="app-secret")
    await admin.execute("UPDATE apps SET app_secret = 'of another keyring' WHERE slug = 'other'")
    number_id = UUID((await connect(tenant.client)).body["id"])
    assert await services.phone_numbers.token(tenant.workspace_id, number_id) == proven(META_TOKEN, "app-secret")
    await admin.execute("DELETE FROM apps")


async def test_its_portfolio_and_how_many_people_that_may_reach_are_kept(
    tenant: Tenant, meta: Meta, admin: asyncpg.Connection
) -> None:
    portfolio = meta.world.store.portfolio_of(meta.world.store.wabas[WABA_ID])
    kept = """SELECT p.business_id, p.messaging_limit FROM portfolios p JOIN wabas w ON w.portfolio_id = p.id
              WHERE w.waba_id = $1"""
    for tier, people in (("TIER_2K", 2000), ("TIER_UNLIMITED", None)):
        meta.world.store.put(msgspec.structs.replace(portfolio, messaging_limit=tier))
        assert (await connect(tenant.client)).status == 200
        assert [tuple(row) for row in await admin.fetch(kept, WABA_ID)] == [(portfolio.id, people)]


async def test_pausing_and_resuming_are_told(tenant: Tenant, admin: asyncpg.Connection) -> None:
    number_id = (await connect(tenant.client)).body["id"]
    for verb in ("pause", "pause", "resume", "resume"):
        assert (await tenant.client.post(f"{PATH}/{number_id}/{verb}")).status == 200
    told = await admin.fetch("SELECT type FROM events WHERE subject_id = $1 ORDER BY id", UUID(number_id))
    assert [row["type"] for row in told] == ["number.paused", "number.resumed"]


async def test_a_number_of_high_throughput_gets_its_figure(tenant: Tenant, meta: Meta) -> None:
    number = meta.world.store.numbers[NUMBER_IDS[1]]
    meta.world.store.numbers[NUMBER_IDS[1]] = msgspec.structs.replace(number, throughput_mps=1000)
    assert (await connect(tenant.client, NUMBER_IDS[1], waba_id=WABA_ID)).body["throughput_mps"] == 1000


async def test_connecting_again_takes_the_new_token_and_facts(
    tenant: Tenant, meta: Meta, services: Services, admin: asyncpg.Connection
) -> None:
    before = (await connect(tenant.client)).body
    store = meta.world.store
    store.numbers[NUMBER_IDS[0]] = msgspec.structs.replace(store.numbers[NUMBER_IDS[0]], verified_name="Renamed")
    store.tokens["EAAanotherToken"] = Token("EAAanotherToken", META_APP_ID, [WABA_ID])
    after = (await connect(tenant.client, access_token="EAAanotherToken")).body
    assert after["id"] == before["id"]
    assert after["verified_name"] == "Renamed"
    assert (await services.phone_numbers.token(tenant.workspace_id, UUID(after["id"]))).text == "EAAanotherToken"
    assert await admin.fetchval("SELECT count(*) FROM phone_numbers WHERE phone_number_id = $1", NUMBER_IDS[0]) == 1


async def test_a_new_token_ends_a_pause_for_want_of_one_only(tenant: Tenant, admin: asyncpg.Connection) -> None:
    number_id = (await connect(tenant.client)).body["id"]
    for reason, after in (
        ("token: Meta answered 190", None),
        ("billing: Meta answered 131042", "billing: Meta answered 131042"),
    ):
        await admin.execute("UPDATE phone_numbers SET pause_reason = $2 WHERE id = $1", UUID(number_id), reason)
        assert (await connect(tenant.client)).body["pause_reason"] == after
    assert (await tenant.client.post(f"{PATH}/{number_id}/resume")).status == 200


async def test_many_who_connect_the_same_number_at_once_connect_it_once(tenant: Tenant) -> None:
    answers = await asyncio.gather(*(connect(tenant.client, NUMBER_IDS[2]) for _ in range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert len({answer.body["id"] for answer in answers}) == 1


async def test_a_number_belongs_to_one_workspace(tenant: Tenant, other_tenant: Tenant) -> None:
    assert (await connect(tenant.client)).status == 200
    answer = await connect(other_tenant.client)
    assert (answer.status, answer.code) == (409, "number_taken")
    assert str(tenant.workspace_id) not in answer.raw.decode()


async def test_a_number_cannot_move_to_another_workspace_with_its_account(
    tenant: Tenant, other_tenant: Tenant, meta: Meta
) -> None:
    assert (await connect(tenant.client)).status == 200
    store = meta.world.store
    store.wabas["77"] = Waba("77", "Another account", "78")
    store.numbers[NUMBER_IDS[0]] = msgspec.structs.replace(store.numbers[NUMBER_IDS[0]], waba_id="77")
    store.tokens[META_TOKEN] = Token(META_TOKEN, META_APP_ID, [WABA_ID, "77"])
    answer = await connect(other_tenant.client)
    assert (answer.status, answer.code) == (409, "number_taken")


async def test_a_token_that_meta_does_not_know_is_refused(tenant: Tenant) -> None:
    answer = await connect(tenant.client, access_token="EAAunknownToken")
    assert (answer.status, answer.code) == (422, "token_refused")
    assert "EAAunknownToken" not in answer.raw.decode()


async def test_a_number_that_the_token_may_not_see_is_refused(tenant: Tenant) -> None:
    answer = await connect(tenant.client, "900000000000099")
    assert answer.code == "token_refused"


async def test_an_account_that_does_not_hold_the_number_is_named(tenant: Tenant) -> None:
    answer = await connect(tenant.client, waba_id="123")
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.fields == {"waba_id": "waba_not_found"}


async def test_numbers_are_listed_page_by_page(api: Client, services: Services, meta: Meta) -> None:
    mine = await new_tenant(api, services, "Lists")
    store = meta.world.store
    store.wabas["500"] = Waba("500", "Five numbers", "501")
    ids = [str(510 + index) for index in range(5)]
    for index, number_id in enumerate(ids):
        store.numbers[number_id] = Number(number_id, "500", f"+1 555-015-{index}", "Five")
    store.tokens["EAAfive"] = Token("EAAfive", META_APP_ID, ["500"])
    for number_id in ids:
        assert (await connect(mine.client, number_id, access_token="EAAfive")).status == 200
    found: list[str] = []
    path = f"{PATH}?limit=2"
    while True:
        page = (await mine.client.get(path)).body
        assert len(page["data"]) <= 2
        found += [number["phone_number_id"] for number in page["data"]]
        if page["next"] is None:
            break
        path = f"{PATH}?limit=2&cursor={page['next']}"
    assert found == ids


async def test_a_number_is_paused_and_resumed(tenant: Tenant) -> None:
    number_id = (await connect(tenant.client)).body["id"]
    paused = await tenant.client.post(f"{PATH}/{number_id}/pause")
    assert paused.body["pause_reason"] == "paused by the operator"
    paused = await tenant.client.post(f"{PATH}/{number_id}/pause", json={"reason": "we move"})
    assert paused.body["pause_reason"] == "we move"
    resumed = await tenant.client.post(f"{PATH}/{number_id}/resume")
    assert resumed.body["pause_reason"] is None
    again = await tenant.client.post(f"{PATH}/{number_id}/resume")
    assert again.status == 200


@pytest.mark.parametrize(
    "body", [{"reason": ""}, {"reason": "x" * 201}, {"reason": "a\nb"}, {"reason": 1}, {"because": "x"}]
)
async def test_a_bad_reason_is_refused(tenant: Tenant, body: dict[str, Any]) -> None:
    number_id = (await connect(tenant.client)).body["id"]
    answer = await tenant.client.post(f"{PATH}/{number_id}/pause", json=body)
    assert answer.code == "invalid_request"


@pytest.mark.proves("S1", "G19")
async def test_another_workspaces_number_is_like_none(tenant: Tenant, other_tenant: Tenant) -> None:
    number_id = (await connect(tenant.client)).body["id"]
    unknown = "0198c6d0-7f3a-7b2c-9d4e-5f60718293a4"
    for method, suffix in (("GET", ""), ("POST", "/pause"), ("POST", "/resume")):
        theirs = await other_tenant.client(method, f"{PATH}/{number_id}{suffix}")
        nobodys = await other_tenant.client(method, f"{PATH}/{unknown}{suffix}")
        assert (theirs.status, theirs.code) == (404, "not_found")
        assert {**theirs.body, "trace_id": 0} == {**nobodys.body, "trace_id": 0}
    assert (await other_tenant.client.get(PATH)).body == {"data": [], "next": None}
    assert (await tenant.client.get(f"{PATH}/{number_id}")).body["pause_reason"] is None


@pytest.mark.proves("S2")
async def test_what_is_ours_cannot_be_assigned(tenant: Tenant) -> None:
    for field in ("workspace_id", "id", "throughput_mps", "pause_reason", "created_at", "quality_rating"):
        answer = await connect(tenant.client, **{field: "x"})
        assert answer.fields == {field: "unknown_field"}
