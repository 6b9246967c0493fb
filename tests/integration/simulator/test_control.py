"""The control API refuses in one clear sentence, and never shows a secret."""

import pytest

APP, WABA, NUMBER, ANN = "100000000000001", "200000000000002", "300000000000003", "15550100001"

REFUSED = [
    ("PUT", "apps/abc", {"app_secret": "s"}, 400, "must be digits only"),
    ("PUT", "apps/1", b"{", 400, "the body cannot be used"),
    ("PUT", "apps/1", {}, 400, "missing required field `app_secret`"),
    ("PUT", "apps/1", {"app_secret": "s", "colour": "red"}, 400, "unknown field `colour`"),
    ("PUT", "apps/1", {"app_secret": "s", "callback_url": "http://127.0.0.1:1/"}, 400, "needs a verify_token"),
    ("PUT", "apps/1", {"app_secret": "s", "callback_url": "ftp://x", "verify_token": "v"}, 400, "callback_url"),
    ("PUT", "wabas/5", {"subscribed_apps": ["404"]}, 404, "there is no app 404; make it first"),
    ("PUT", f"wabas/{NUMBER}", {}, 409, "already the id of a number"),
    (
        "PUT",
        f"numbers/{WABA}",
        {"waba_id": WABA, "display_phone_number": "+15550100005"},
        409,
        "already the id of an account",
    ),
    ("PUT", "numbers/6", {"waba_id": "404", "display_phone_number": "+15550100005"}, 404, "no account 404"),
    ("PUT", "numbers/6", {"waba_id": WABA, "display_phone_number": "five"}, 400, "display_phone_number"),
    ("POST", "tokens", {"app_id": "404", "waba_ids": []}, 404, "there is no app 404"),
    ("POST", "tokens", {"app_id": APP, "waba_ids": ["404"]}, 404, "there is no account 404"),
    ("PUT", "people/123", {"name": "Ann"}, 400, "7 to 15 digits"),
    ("PUT", "people/15550100002", {"name": "Ann", "behaviour": {"reads": 1}}, 400, "behaviour.reads"),
    ("GET", "people/15550100404", None, 404, "there is no person 15550100404"),
    ("POST", f"people/{ANN}/messages", {"to": "404", "text": "x"}, 404, "there is no number 404"),
    ("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": ""}, 400, "text"),
    ("POST", f"people/{ANN}/read", {}, 400, "say what to read"),
    ("POST", f"people/{ANN}/read", {"all": True, "message_ids": []}, 400, "say what to read"),
    ("PUT", "settings", {"webhook_batch": 0}, 400, "webhook_batch"),
    ("PUT", "settings", {"sent_delay_s": [2, 1]}, 400, "the first must not exceed the second"),
    ("GET", "ledger?after=-1", None, 400, "after must be a whole number"),
    ("GET", "ledger?limit=99999", None, 400, "limit must be a whole number from 0 to 10000"),
    ("GET", "nothing", None, 404, "simulator/README.md lists what there is"),
    ("DELETE", f"apps/{APP}", None, 404, "there is no DELETE"),
]


@pytest.mark.parametrize(("method", "path", "body", "http", "words"), REFUSED)
async def test_refusals_are_one_clear_sentence(shared_simulator, method, path, body, http, words):
    answer = await shared_simulator.call(method, f"/_sim/{path}", body)
    assert answer.status == http
    assert words in answer.text


async def test_secrets_and_tokens_are_masked(simulator):
    shown = [await simulator.control("GET", path) for path in ("apps", f"apps/{APP}", "tokens")]
    text = str(shown)
    for secret in ("an app secret of tests", "a verify token of tests", "EAAtokenOfTheTests0001"):
        assert secret not in text
    assert shown[2]["data"][0]["token"] == "…0001"


async def test_a_token_can_be_made_up_for_the_caller(simulator):
    made = await simulator.control("POST", "tokens", {"app_id": APP, "waba_ids": [WABA]})
    assert (await simulator.graph("GET", f"/v26.0/{NUMBER}", token=made["token"])).status == 200


async def test_lists_show_what_was_put(simulator):
    ids = {kind: [it["id"] for it in (await simulator.control("GET", kind))["data"]] for kind in KINDS}
    assert ids == KINDS


KINDS = {"apps": [APP], "wabas": [WABA], "numbers": [NUMBER], "people": [ANN]}


async def test_a_bsuid_can_be_chosen(simulator, receiver):
    await simulator.control("PUT", f"people/{ANN}", {"name": "Ann", "bsuid": "US.1234567890"})
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    await receiver.until(lambda: receiver.accepted)
    assert receiver.accepted[0]["from_user_id"] == "US.1234567890"


async def test_health(simulator):
    health = await simulator.control("GET", "health")
    assert (health["status"], health["time_scale"], health["keeps_data"]) == ("ok", 20.0, False)
