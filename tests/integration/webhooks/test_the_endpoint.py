"""The address that Meta calls: what is taken in, what is refused, and what is said. Real servers, a real socket."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from server.services.apps import Apps
from tests.integration.webhooks.conftest import SECRET, VERIFY_TOKEN, WEBHOOK_PATH, signed
from tests.integration.webhooks.payloads import body, change, text

PATH = WEBHOOK_PATH
BODY = body(change("900000000000001", messages=[text("wamid.E", body="Grüße")]))


def signature(raw: bytes = BODY, secret: str = SECRET) -> str:
    return signed(raw, secret)


@pytest.mark.proves("G1")
async def test_a_signed_body_is_stored_byte_for_byte_with_a_job(post, stored, admin, app) -> None:
    assert await post(BODY, signature()) == (200, "OK")
    assert await stored() == [BODY]
    row = await admin.fetchrow("SELECT app_id, attempts FROM webhook_inbox JOIN webhook_jobs ON inbox_id = id")
    assert (row["app_id"], row["attempts"]) == (app.id, 0)


REFUSED = {
    "missing": [],
    "empty": [""],
    "sha1": ["sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()],
    "sha1 digest under the name sha256": ["sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()],
    "no prefix": [signature().removeprefix("sha256=")],
    "upper-case prefix": [signature().replace("sha256", "SHA256")],
    "upper-case digits": ["sha256=" + signature()[7:].upper()],
    "one digit less": [signature()[:-1]],
    "one digit more": [signature() + "0"],
    "not hexadecimal": ["sha256=" + "g" * 64],
    "unicode digits": ["sha256=" + "٣" * 64],
    "half a signature": [signature()[: 7 + 32]],
    "spaces inside": ["sha256= " + signature()[7:]],
    "quoted": [f'"{signature()}"'],
    "two in one": [f"{signature()}, {signature()}"],
    "two headers": [signature(), signature()],
    "two headers, the first wrong": [signature(secret="other"), signature()],
    "another app's secret": [signature(secret="another-secret")],
    "an empty secret": [signature(secret="")],
    "of the body and a newline": [signature(BODY + b"\n")],
    "of nothing": [signature(b"")],
    "of the body written again": [signature(json.dumps(json.loads(BODY)).encode())],
    "of the body unescaped": [signature(json.dumps(json.loads(BODY), ensure_ascii=False).encode())],
    "all zeros": ["sha256=" + "0" * 64],
    "very long": ["sha256=" + "0" * 6000],
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.proves("S11")
async def test_a_wrong_signature_is_refused_and_nothing_is_stored(post, stored, kind) -> None:
    status, answer = await post(BODY, *REFUSED[kind])
    assert (status, answer) == (401, "The signature is missing or wrong.")
    assert await stored() == []


ODD = {
    "empty": b"",
    "not JSON": b"{",
    "text": b"hello",
    "a list": b"[]",
    "null": b"null",
    "broken UTF-8": b'{"entry": "\xff\xfe"}',
    "UTF-16": '{"entry": []}'.encode("utf-16"),
    "a deep bomb": b"[" * 100_000,
    "an unknown object": b'{"object": "page", "entry": [{"changes": [{}]}]}',
    "4 MiB of zeros": bytes(4 * 1024 * 1024),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.proves("G3", "S4")
async def test_a_signed_body_is_stored_however_odd_and_ends_visibly(post, stored, receiver, world, kind) -> None:
    assert await post(ODD[kind], signature(ODD[kind])) == (200, "OK")
    assert await stored() == [ODD[kind]]
    await receiver.apply()
    assert await world.jobs() == 0
    failures = await world.admin.fetch("SELECT kind, change_index FROM webhook_failures")
    if kind == "UTF-16":
        assert [tuple(row) for row in failures] == [("dead", -1)]
    assert len(failures) == 1
    assert failures[0]["kind"] in ("dead", "unrecognised")


@pytest.mark.proves("S9")
async def test_a_body_above_the_limit_is_refused_however_it_is_sent(post, stored, url, session) -> None:
    large = bytes(4 * 1024 * 1024 + 1)
    assert (await post(large, signature(large)))[0] == 413

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    try:
        async with session.post(
            url + PATH, data=chunks(), headers={"X-Hub-Signature-256": signature(large)}
        ) as response:
            assert response.status == 413
    except aiohttp.ClientConnectionError:
        pass  # the answer came while the client still wrote, and the connection was cut
    assert await stored() == []


@pytest.mark.proves("S11")
async def test_the_secret_before_verifies_until_its_grace_is_over(post, stored, api_db, keyring) -> None:
    apps = Apps(api_db, keyring)
    await apps.rotate("default", app_secret="the-new-secret")
    assert (await post(BODY, signature(secret="the-new-secret")))[0] == 200
    assert (await post(BODY, signature(secret=SECRET)))[0] == 200
    assert (await post(BODY, signature(secret="neither")))[0] == 401
    assert len(await stored()) == 2


@pytest.mark.proves("S11")
async def test_the_secret_before_is_refused_after_its_grace(post, stored, api_db, keyring) -> None:
    await Apps(api_db, keyring).rotate("default", app_secret="the-new-secret", grace=timedelta(seconds=-1))
    assert (await post(BODY, signature(secret=SECRET)))[0] == 401
    assert (await post(BODY, signature(secret="the-new-secret")))[0] == 200
    assert len(await stored()) == 1


async def test_a_rotation_is_noticed_by_a_process_that_already_knew_the_app(post, api_db, keyring) -> None:
    assert (await post(BODY, signature()))[0] == 200
    await Apps(api_db, keyring).rotate("default", app_secret="the-new-secret")
    async with asyncio.timeout(30):
        while (await post(BODY, signature(secret="the-new-secret")))[0] != 200:
            await asyncio.sleep(0.1)


async def test_each_app_has_its_own_address_and_secret(post, stored, api_db, keyring) -> None:
    await Apps(api_db, keyring).create(slug="second", app_secret="second-secret", verify_token="second-token")
    assert (await post(BODY, signature(secret="second-secret"), path=f"{PATH}/second"))[0] == 200
    assert (await post(BODY, signature(), path=f"{PATH}/second"))[0] == 401
    assert (await post(BODY, signature(secret="second-secret")))[0] == 401
    assert (await post(BODY, signature(), path=f"{PATH}/default"))[0] == 200
    assert len(await stored()) == 2


@pytest.mark.parametrize("slug", ["nobody", "DEFAULT", "x" * 5000, "%00", "a%20b", "..%2f"])
async def test_an_unknown_app_is_not_found(post, stored, slug) -> None:
    assert (await post(BODY, signature(), path=f"{PATH}/{slug}"))[0] == 404
    assert await stored() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_refused(url, session, method) -> None:
    async with session.request(method, url + PATH) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, POST")


@pytest.mark.proves("S11", "G4")
async def test_a_captured_request_sent_a_hundred_times_has_one_effect(post, receiver, world) -> None:
    number, meta = await world.number()
    raw = body(change(meta, messages=[text("wamid.replayed")]))
    answers = await asyncio.gather(*(post(raw, signature(raw)) for _ in range(100)))
    assert {status for status, _ in answers} == {200}
    await receiver.apply()
    (message,) = await world.inbound(number)
    assert await world.event_types(message["id"]) == ["message.received"]


@pytest.fixture
def handshake(url: str, session: aiohttp.ClientSession):
    async def call(query: str) -> tuple[int, str, str]:
        async with session.get(f"{url}{PATH}?{query}") as response:
            return response.status, await response.text(), response.headers["Content-Type"]

    return call


def query(mode: str = "subscribe", token: str = VERIFY_TOKEN, challenge: str = "1158201444") -> str:
    return f"hub.mode={mode}&hub.challenge={challenge}&hub.verify_token={token}"


async def test_the_handshake_gives_the_challenge_back(handshake, stored) -> None:
    assert await handshake(query()) == (200, "1158201444", "text/plain; charset=utf-8")
    assert await stored() == []


@pytest.mark.parametrize(
    "asked",
    [
        "",
        query(token=""),
        query(token="wrong"),
        query(token=VERIFY_TOKEN + "x"),
        query(token=VERIFY_TOKEN.upper()),
        query(token="t" * 10_000),
        query(token="%C3%A9%00"),
        query(mode="unsubscribe"),
        query(mode=""),
        query(challenge=""),
        query(challenge="1%0d%0aSet-Cookie:%20a=b"),
        query(challenge="1%0a"),
        query(challenge="%3Cscript%3E"),
        query(challenge="9" * 257),
        query() + f"&hub.verify_token={VERIFY_TOKEN}",
        query(token="wrong") + f"&hub.verify_token={VERIFY_TOKEN}",
        query().replace("hub.verify_token", "hub.verify_token[]"),
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}",
    ],
)
@pytest.mark.proves("S11")
async def test_a_wrong_handshake_is_forbidden_and_echoes_nothing(handshake, asked) -> None:
    status, answer, _ = await handshake(asked)
    assert (status, answer) == (403, "The verify token is wrong.")


@pytest.mark.proves("G3", "C7")
async def test_nothing_is_committed_while_the_inbox_is_locked_and_the_answer_is_503(
    post, stored, admin, inbox, receiver
) -> None:
    assert (await post(BODY, signature()))[0] == 200
    inbox.commit_timeout_s = 0.5
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_inbox")
        answers = await asyncio.gather(*(post(BODY, signature()) for _ in range(5)))
    assert {status for status, _ in answers} == {503}
    # Whether the five were committed after all is unknown to the sender; what was answered 200 is there.
    assert BODY in await stored()
    inbox.commit_timeout_s = 5.0
    assert (await post(BODY, signature()))[0] == 200


@pytest.mark.proves("G11", "C4")
async def test_valkey_away_or_slow_changes_no_answer(post, stored, url, inbox, servers) -> None:
    from server.core import valkey
    from server.queue.webhooks import WebhookQueue

    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    refused = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    closed_port = refused.sockets[0].getsockname()[1]
    refused.close()
    for used_port in (port, closed_port):
        client = valkey.connect(f"redis://127.0.0.1:{used_port}")
        inbox._queue = WebhookQueue(client)
        answers = await asyncio.gather(*(post(BODY, signature()) for _ in range(10)))
        assert {status for status, _ in answers} == {200}
        await inbox.close()
        await client.aclose()
    silent.close()
    assert len(await stored()) == 20
