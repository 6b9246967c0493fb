"""What whoever watches the process sees, without a key."""

import pytest

from tests.integration.api.conftest import Client, Tenant


async def test_health_needs_no_key(api: Client) -> None:
    assert (await api.get("/healthz")).body == {"status": "ok"}
    ready = await api.get("/readyz")
    assert ready.status == 200
    assert {check["name"]: check["ok"] for check in ready.body["checks"]} == {
        "database": True,
        "schema": True,
        "valkey": True,
    }


@pytest.mark.proves("G21")
async def test_metrics_name_routes_and_never_ids(api: Client, tenant: Tenant) -> None:
    await tenant.client.get("/v1/phone-numbers/0198c6d0-7f3a-7b2c-9d4e-5f60718293a4")
    await api.get("/v1/nothing/0198c6d0")
    text = (await api.get("/metrics")).raw.decode()
    assert 'treeex_http_requests_total{method="GET",route="/v1/phone-numbers/{id}",status="404"}' in text
    assert "0198c6d0" not in text
    assert tenant.key_id not in text


@pytest.mark.proves("S17")
async def test_every_answer_names_its_request_and_is_safe_to_show(api: Client) -> None:
    for path in ("/healthz", "/metrics", "/openapi.json", "/nothing", "/v1/phone-numbers"):
        answer = await api.get(path)
        assert len(answer.headers["X-Request-Id"]) == 36
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers


async def test_two_requests_have_two_names(api: Client) -> None:
    first, second = await api.get("/healthz"), await api.get("/healthz")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
