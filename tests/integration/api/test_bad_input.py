"""Bad input of every kind gets a problem that says what is wrong, where, and how to mend it; never a 500."""

import asyncio
from urllib.parse import urlsplit

import pytest
from yarl import URL

from tests.integration.api.conftest import Client, Tenant

PATH = "/v1/phone-numbers"
JSON = {"Content-Type": "application/json"}
GOOD = b'{"phone_number_id":"1","access_token":"x"}'

BAD_JSON = {
    "empty": b"",
    "half an object": b'{"phone_number_id":',
    "a list": b"[]",
    "null": b"null",
    "a text": b'""',
    "a number": b"1",
    "two objects": b"{}{}",
    "single quotes": b"{'a':1}",
    "trailing comma": b'{"a":1,}',
    "a comment": b'{"a":1} // one',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "an integer of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "100,000 deep lists": b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "40 deep objects": b'{"a":' * 40 + b"1" + b"}" * 40,
    "the same name twice": b'{"a":1,"a":2}',
    "the same name twice below": b'{"a":{"b":1,"b":1}}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "an overlong NUL": b'{"a":"\xc0\x80"}',
    "a lone surrogate": b'{"a":"\\ud800"}',
    "a lone surrogate in a name": b'{"\\uDFFF":1}',
    "a raw control character": b'{"a":"\x01"}',
}


@pytest.mark.proves("S4")
@pytest.mark.parametrize("kind", BAD_JSON)
async def test_what_is_no_json_object_is_told_so(tenant: Tenant, kind: str) -> None:
    answer = await tenant.client.post(PATH, data=BAD_JSON[kind], headers=JSON)
    assert (answer.status, answer.code) == (400, "bad_json")
    assert answer.fields == {}


FIELDS = {
    "nothing": (b"{}", {"phone_number_id": "required", "access_token": "required"}),
    "unknown field": (GOOD[:-1] + b',"workspace_id":"x"}', {"workspace_id": "unknown_field"}),
    "__proto__": (GOOD[:-1] + b',"__proto__":{}}', {"__proto__": "unknown_field"}),
    "null": (b'{"phone_number_id":null,"access_token":"x"}', {"phone_number_id": "wrong_type"}),
    "number for text": (b'{"phone_number_id":1,"access_token":"x"}', {"phone_number_id": "wrong_type"}),
    "list for text": (b'{"phone_number_id":["1"],"access_token":"x"}', {"phone_number_id": "wrong_type"}),
    "object for text": (b'{"phone_number_id":{},"access_token":"x"}', {"phone_number_id": "wrong_type"}),
    "true for text": (b'{"phone_number_id":true,"access_token":"x"}', {"phone_number_id": "wrong_type"}),
    "not digits": (b'{"phone_number_id":"../me","access_token":"x"}', {"phone_number_id": "invalid_format"}),
    "a newline at the end": (b'{"phone_number_id":"1\\n","access_token":"x"}', {"phone_number_id": "invalid_format"}),
    "other digits": ('{"phone_number_id":"١٢","access_token":"x"}'.encode(), {"phone_number_id": "invalid_format"}),
    "empty": (b'{"phone_number_id":"1","access_token":""}', {"access_token": "too_short"}),
    "too long": (b'{"phone_number_id":"1","access_token":"' + b"x" * 5000 + b'"}', {"access_token": "too_long"}),
    "NUL": (b'{"phone_number_id":"1","access_token":"x\\u0000"}', {"access_token": "invalid_format"}),
    "CRLF": (b'{"phone_number_id":"1","access_token":"x\\r\\nHost: y"}', {"access_token": "invalid_format"}),
    "emoji": ('{"phone_number_id":"1","access_token":"😀"}'.encode(), {"access_token": "invalid_format"}),
    "an escaped pair": (b'{"phone_number_id":"1","access_token":"\\ud83d\\ude00"}', {"access_token": "invalid_format"}),
    "two at once": (
        b'{"phone_number_id":"a","x":1}',
        {"phone_number_id": "invalid_format", "access_token": "required", "x": "unknown_field"},
    ),
}


@pytest.mark.proves("S4")
@pytest.mark.parametrize("kind", FIELDS)
async def test_a_bad_field_is_named_with_its_mend(tenant: Tenant, kind: str) -> None:
    body, fields = FIELDS[kind]
    answer = await tenant.client.post(PATH, data=body, headers=JSON)
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.fields == fields


@pytest.mark.proves("G21", "S7")
async def test_what_was_sent_is_not_given_back(tenant: Tenant) -> None:
    body = b'{"phone_number_id":"secretive","access_token":["do-not-echo"]}'
    answer = await tenant.client.post(PATH, data=body, headers=JSON)
    assert answer.code == "invalid_request"
    assert b"secretive" not in answer.raw
    assert b"do-not-echo" not in answer.raw


QUERIES = {
    "limit=0": {"limit": "too_small"},
    "limit=101": {"limit": "too_large"},
    "limit=-1": {"limit": "too_small"},
    "limit=ten": {"limit": "wrong_type"},
    "limit=1.5": {"limit": "wrong_type"},
    "limit=" + "9" * 5000: {"limit": "invalid_value"},
    "limit=": {"limit": "wrong_type"},
    "cursor=" + "A" * 300: {"cursor": "too_long"},
    "limt=5": {"limt": "unknown_field"},
    "limit=5&limit=6": {"limit": "given_twice"},
    "=": {"": "unknown_field"},
    "limit%00=1": {"limit\x00": "unknown_field"},
    "access_token=x": {"access_token": "unknown_field"},
}


@pytest.mark.proves("S4")
@pytest.mark.parametrize("query", QUERIES)
async def test_a_bad_parameter_is_named(tenant: Tenant, query: str) -> None:
    answer = await tenant.client.get(f"{PATH}?{query}")
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.fields == QUERIES[query]


@pytest.mark.proves("S4")
@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "%ff%fe", "AAAAAAAAAAAAAAAAAAAAAAA", "=", "é"])
async def test_a_made_up_cursor_is_refused(tenant: Tenant, cursor: str) -> None:
    answer = await tenant.client.get(f"{PATH}?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "invalid_cursor")


@pytest.mark.proves("S4")
@pytest.mark.parametrize("number_id", ["x", "1", "%00", "%ff", "..%2f", "0198c6d0-7f3a-7b2c-9d4e-5f60718293a"])
async def test_an_id_that_is_no_uuid_is_told_so(tenant: Tenant, number_id: str) -> None:
    async with tenant.client.session.get(
        URL(f"{tenant.client.base_url}{PATH}/{number_id}", encoded=True), headers=tenant.client.headers
    ) as response:
        body = await response.json(content_type=None)
    assert response.status in (404, 422)
    assert body["code"] in ("not_found", "invalid_request")


async def test_an_unknown_id_is_not_found(tenant: Tenant) -> None:
    answer = await tenant.client.get(f"{PATH}/0198c6d0-7f3a-7b2c-9d4e-5f60718293a4")
    assert (answer.status, answer.code) == (404, "not_found")


async def test_an_unknown_address_is_not_found(api: Client) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/v1/phone-numbers/", "/docs", "/.env"):
        answer = await api.get(path)
        assert (answer.status, answer.code) == (404, "not_found")


async def test_an_unknown_method_names_all_known_ones(api: Client) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        answer = await api(method, PATH)
        assert (answer.status, answer.code) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "json", "multipart/form-data"]
)
async def test_another_media_type_is_refused(tenant: Tenant, content_type: str) -> None:
    answer = await tenant.client.post(PATH, data=GOOD, headers={"Content-Type": content_type})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.proves("G24", "S9")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "x"])
async def test_a_compressed_body_is_refused(tenant: Tenant, encoding: str) -> None:
    answer = await tenant.client.post(PATH, data=GOOD, headers={**JSON, "Content-Encoding": encoding})
    assert (answer.status, answer.code) == (415, "compressed_body")


@pytest.mark.proves("G24", "S9")
async def test_a_body_above_the_limit_is_refused_unread(tenant: Tenant) -> None:
    answer = await tenant.client.post(PATH, data=b" " * 65_537, headers=JSON)
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert "65536 bytes" in answer.body["detail"]


async def test_a_body_at_the_limit_is_read(tenant: Tenant) -> None:
    answer = await tenant.client.post(PATH, data=b"{}" + b" " * 65_534, headers=JSON)
    assert answer.code == "invalid_request"


@pytest.mark.proves("G24", "S9")
async def test_a_chunked_body_is_counted_while_it_comes(tenant: Tenant) -> None:
    assert await _post_chunks(tenant, chunks=64) == (413, True)


async def _post_chunks(tenant: Tenant, *, chunks: int) -> tuple[int, bool]:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.token}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(tenant.client.base_url).port)
    writer.write(head.encode())
    for _ in range(chunks):
        writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    answer = await reader.readuntil(b'"trace_id":')
    writer.close()
    return int(answer.split(b" ", 2)[1]), b'"body_too_large"' in answer


@pytest.mark.proves("S9")
@pytest.mark.parametrize("length", ["-1", "x", "1e3", "+5"])
async def test_a_length_that_is_no_number_is_refused(tenant: Tenant, length: str) -> None:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{}}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(tenant.client.base_url).port)
    writer.write(head.encode())
    answer = await reader.read(100)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.proves("S4")
async def test_many_names_are_read_and_refused(tenant: Tenant) -> None:
    body = b"{" + b",".join(b'"k%d":1' % index for index in range(5000)) + b"}"
    answer = await tenant.client.post(PATH, data=body, headers=JSON)
    assert answer.code == "invalid_request"
    assert len(answer.body["errors"]) == 100
