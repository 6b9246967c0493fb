"""Numbers, accounts, subscriptions and tokens: what `number connect` and `doctor` ask for."""

import hashlib
import hmac

import pytest

APP, WABA, NUMBER = "100000000000001", "200000000000002", "300000000000003"
SECRET, TOKEN = "an app secret of tests", "EAAtokenOfTheTests0001"


async def test_a_number_shows_what_a_product_asks_for(simulator):
    answer = await simulator.graph("GET", f"/v26.0/{NUMBER}")
    assert answer.json == {
        "id": NUMBER,
        "display_phone_number": "+1 555-010-0000",
        "verified_name": "Business",
        "quality_rating": "GREEN",
        "status": "CONNECTED",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
    }


async def test_fields_choose_and_unknown_ones_are_refused(simulator):
    answer = await simulator.graph("GET", f"/v26.0/{NUMBER}?fields=verified_name,account_mode")
    assert answer.json == {"id": NUMBER, "verified_name": "Business", "account_mode": "LIVE"}
    answer = await simulator.graph("GET", f"/v26.0/{NUMBER}?fields=shoe_size")
    assert answer.error["code"] == 100
    assert "nonexisting field (shoe_size)" in answer.error["message"]


async def test_a_fast_number_has_high_throughput(simulator):
    body = {"waba_id": WABA, "display_phone_number": "+1 555-010-0000", "throughput_mps": 1000}
    await simulator.control("PUT", f"numbers/{NUMBER}", body)
    answer = await simulator.graph("GET", f"/v26.0/{NUMBER}?fields=throughput")
    assert answer.json["throughput"] == {"level": "HIGH"}


async def test_an_account_lists_its_numbers(simulator):
    answer = await simulator.graph("GET", f"/v26.0/{WABA}/phone_numbers?fields=id")
    assert answer.json["data"] == [{"id": NUMBER}]
    assert set(answer.json["paging"]["cursors"]) == {"before", "after"}


async def test_an_account_shows_itself(simulator):
    answer = await simulator.graph("GET", f"/v26.0/{WABA}?fields=name,account_review_status")
    assert answer.json == {"id": WABA, "name": "Business", "account_review_status": "APPROVED"}


async def test_subscribing_decides_who_gets_the_webhooks(simulator, receiver):
    path = f"/v26.0/{WABA}/subscribed_apps"
    data = {"whatsapp_business_api_data": {"id": APP, "link": f"https://www.facebook.com/games/?app_id={APP}"}}
    data["whatsapp_business_api_data"]["name"] = "App"
    assert (await simulator.graph("GET", path)).json == {"data": [data]}
    assert (await simulator.graph("DELETE", path)).json == {"success": True}
    assert (await simulator.graph("GET", path)).json == {"data": []}
    await simulator.send()
    await simulator.quiet()
    assert receiver.posts == []
    for _ in range(2):
        assert (await simulator.graph("POST", path)).json == {"success": True}
    assert len((await simulator.graph("GET", path)).json["data"]) == 1
    await simulator.send()
    await simulator.quiet()
    assert receiver.posts


async def test_debug_token_describes_a_token_to_its_own_app(simulator):
    path = f"/v26.0/debug_token?input_token={TOKEN}"
    data = (await simulator.graph("GET", path, token=f"{APP}|{SECRET}")).json["data"]
    assert (data["app_id"], data["is_valid"], data["expires_at"]) == (APP, True, 0)
    assert set(data["scopes"]) == {"whatsapp_business_management", "whatsapp_business_messaging"}
    assert all(scope["target_ids"] == [WABA] for scope in data["granular_scopes"])
    assert (await simulator.graph("GET", path)).json["data"] == data


def _proof(token: str, secret: str) -> str:
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


async def test_an_app_may_require_proof_of_its_secret(simulator):
    path = f"/v26.0/{NUMBER}?fields=id"
    await simulator.control("PUT", f"apps/{APP}", {"app_secret": SECRET, "requires_proof": True})
    assert (await simulator.control("GET", f"apps/{APP}"))["requires_proof"] is True
    refused = await simulator.graph("GET", path)
    assert (refused.status, refused.error["code"]) == (400, 100)
    assert refused.error["message"] == "API calls from the server require an appsecret_proof argument"
    assert (await simulator.graph("GET", f"{path}&appsecret_proof={_proof(TOKEN, SECRET)}")).json == {"id": NUMBER}
    # The app's own token has the secret in it.
    answer = await simulator.graph("GET", f"/v26.0/debug_token?input_token={TOKEN}", token=f"{APP}|{SECRET}")
    assert answer.json["data"]["app_id"] == APP


@pytest.mark.parametrize("proof", ["", "\N{SNOWMAN}", _proof(TOKEN, "the secret before"), _proof("EAAother", SECRET)])
async def test_a_wrong_proof_is_refused_even_where_none_is_required(simulator, proof):
    refused = await simulator.graph("GET", f"/v26.0/{NUMBER}?appsecret_proof={proof}")
    assert (refused.status, refused.error["code"]) == (400, 100)
    assert refused.error["message"] == "Invalid appsecret_proof provided in the API argument"


async def test_debug_token_says_when_a_token_is_not_valid(simulator):
    answer = await simulator.graph("GET", "/v26.0/debug_token?input_token=EAAnothing")
    assert answer.status == 200
    assert answer.json["data"]["is_valid"] is False
    assert answer.json["data"]["error"]["code"] == 190


async def test_debug_token_needs_the_right_caller(simulator):
    path = f"/v26.0/debug_token?input_token={TOKEN}"
    assert (await simulator.graph("GET", path, token=f"{APP}|wrong")).error["code"] == 190
    await simulator.control("PUT", "apps/199", {"app_secret": "another secret"})
    assert (await simulator.graph("GET", path, token="199|another secret")).error["code"] == 100
    assert (await simulator.graph("GET", "/v26.0/debug_token")).error["code"] == 100
