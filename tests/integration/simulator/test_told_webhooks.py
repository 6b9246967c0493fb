"""What is told on demand over HTTP: it arrives signed, again until 200, and Graph agrees with it afterwards."""

import json

import pytest

from tests.conformance.webhook_examples import CONTENTS, FIELDS

APP, WABA, NUMBER, PORTFOLIO = "100000000000001", "200000000000002", "300000000000003", "900000000000001"
ANN = "15550100001"


def place(field: str) -> dict:
    """Where it is told; more than the field needs does no harm."""
    return {"field": field, "phone_number_id": NUMBER}


async def heard(simulator, receiver, count: int) -> list[dict]:
    await receiver.until(lambda: sum(len(post.changes) for post in receiver.posts if post.answered == 200) >= count)
    return [change for post in receiver.posts if post.answered == 200 for change in post.changes]


async def entries_of(receiver) -> list[dict]:
    return [entry for post in receiver.posts for entry in json.loads(post.body)["entry"]]


async def test_every_field_is_told_signed_and_on_the_ledger(simulator, receiver, signed):
    told = [key for key in FIELDS if key[1] != "PARTNER_APP_UNINSTALLED"]
    for field, variant in told:
        answer = await simulator.control("POST", "webhooks", {**place(field), **FIELDS[field, variant]})
        assert [one["apps"] for one in answer["told"]] == [[APP]], (field, variant)
    changes = await heard(simulator, receiver, len(told))
    assert sorted(change["field"] for change in changes) == sorted(field for field, _ in told)
    assert all(signed(post) for post in receiver.posts)
    notices = [entry for entry in await simulator.ledger() if entry["kind"] == "notice"]
    assert [entry["field"] for entry in notices] == [field for field, _ in told]
    summary = await simulator.quiet()
    assert summary["notices"] == {"emitted": len(told), "acknowledged": len(told)}


async def test_every_type_of_message_is_told_for_a_person(simulator, receiver):
    for content in CONTENTS.values():
        await simulator.control("POST", "webhooks", {**place("messages"), "from": ANN, **content})
    changes = await heard(simulator, receiver, len(CONTENTS))
    types = [change["value"]["messages"][0]["type"] for change in changes]
    assert sorted(types) == sorted(content["type"] for content in CONTENTS.values())


async def test_management_fields_have_a_time_and_messages_have_none(simulator, receiver):
    await simulator.control("POST", "webhooks", {**place("account_review_update"), "decision": "APPROVED"})
    await simulator.control("POST", "webhooks", {**place("messages"), "from": ANN, **CONTENTS["text"]})
    await heard(simulator, receiver, 2)
    by_field = {entry["changes"][0]["field"]: entry for entry in await entries_of(receiver)}
    assert isinstance(by_field["account_review_update"]["time"], int)
    assert "time" not in by_field["messages"]


async def test_a_partner_event_comes_with_the_id_of_the_portfolio(simulator, receiver):
    await simulator.control("POST", "webhooks", {"field": "account_update", "waba_id": WABA, "event": "PARTNER_ADDED"})
    await heard(simulator, receiver, 1)
    (entry,) = await entries_of(receiver)
    assert entry["id"] == PORTFOLIO
    assert entry["changes"][0]["value"]["waba_info"]["waba_id"] == WABA


async def test_a_rare_status_is_told_of_a_message_that_was_sent(simulator, receiver):
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await receiver.until(lambda: "read" in receiver.statuses_of(wamid))
    for name in ("played", "warning", "deleted"):
        await simulator.control("POST", "webhooks", {**place("messages"), "id": wamid, "status": name})
    await receiver.until(lambda: {"played", "warning", "deleted"} <= set(receiver.statuses_of(wamid)))
    await simulator.control("POST", "webhooks", {**place("messages"), "id": wamid, "status": "failed", "code": 131049})
    await receiver.until(lambda: "failed" in receiver.statuses_of(wamid))
    (failed,) = [update for update in receiver.accepted if update.get("status") == "failed"]
    assert failed["errors"][0]["code"] == 131049


@pytest.mark.parametrize("value", [{"any": ["thing", 1, None]}, [], "text", {}])
async def test_anything_at_all_can_be_told_raw(simulator, receiver, value):
    body = {"field": "never_heard_of", "waba_id": WABA, "value": value, "entry_id": "7", "entry_time": True}
    await simulator.control("POST", "webhooks/raw", body)
    (change,) = await heard(simulator, receiver, 1)
    assert change == {"value": value, "field": "never_heard_of"}
    (entry,) = await entries_of(receiver)
    assert entry["id"] == "7"
    assert "time" in entry


async def test_what_is_told_is_tried_again_until_200(simulator, receiver):
    receiver.answers.extend([500, 503])
    await simulator.control("POST", "webhooks", {**place("security"), "event": "PIN_CHANGED"})
    await receiver.until(lambda: len(receiver.posts) == 3)
    assert len({post.body for post in receiver.posts}) == 1
    summary = await simulator.quiet()
    assert summary["webhooks"]["retries"] == 2


async def test_planned_faults_strike_what_is_told(simulator, receiver):
    await simulator.control("PUT", "faults", [{"kind": "repeat", "times": 2, "of": ["notice"]}])
    await simulator.control("POST", "webhooks", {**place("security"), "event": "PIN_CHANGED"})
    await receiver.until(lambda: len(receiver.posts) == 3)
    assert [entry["status"] for entry in await simulator.ledger() if entry["kind"] == "fault"] == ["notice"]


async def test_an_app_hears_only_of_the_fields_that_it_chose(simulator, receiver):
    app = {"app_secret": "another secret", "callback_url": receiver.url, "verify_token": "verify"}
    await simulator.control("PUT", "apps/100000000000009", {**app, "fields": ["security"]})
    await simulator.control("PATCH", f"wabas/{WABA}", {"subscribed_apps": [APP, "100000000000009"]})
    both = await simulator.control("POST", "webhooks", {**place("security"), "event": "PIN_CHANGED"})
    one = await simulator.control("POST", "webhooks", {**place("account_review_update"), "decision": "APPROVED"})
    assert both["told"][0]["apps"] == [APP, "100000000000009"]
    assert one["told"][0]["apps"] == [APP]


async def test_the_version_of_the_subscription_decides_about_conversations(simulator, receiver):
    callback = {"app_secret": "s", "callback_url": receiver.url, "verify_token": "v"}
    await simulator.control("PUT", "apps/100000000000009", {**callback, "graph_version": "v23.0"})
    await simulator.control("PATCH", f"wabas/{WABA}", {"subscribed_apps": [APP, "100000000000009"]})
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await receiver.until(lambda: receiver.statuses_of(wamid).count("sent") == 2)
    sent = [update for update in receiver.accepted if update.get("status") == "sent"]
    assert sorted("conversation" in update for update in sent) == [False, True]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"field": "security", "phone_number_id": NUMBER, "event": "PIN_LOST"}, "Invalid enum value 'PIN_LOST'"),
        ({"field": "security", "waba_id": WABA, "event": "PIN_CHANGED"}, "give its phone_number_id"),
        ({"field": "security", "event": "PIN_CHANGED"}, "say where"),
        ({"field": "security", "phone_number_id": NUMBER}, "missing required field `event`"),
        ({"field": "tracking_events", "waba_id": WABA}, "give its value to /_sim/webhooks/raw"),
        ({"field": "account_update", "waba_id": WABA, "event": "NOTHING"}, "Invalid value 'NOTHING'"),
        ({"field": "messages", "phone_number_id": NUMBER, "status": "sent", "id": "wamid.X"}, "sent no message"),
        ({"field": "messages", "phone_number_id": NUMBER, "from": "15550199999", "type": "text"}, "missing required"),
        ({"field": "messages", "waba_id": WABA, "from": ANN}, "give its phone_number_id"),
        (
            {
                "field": "template_category_update",
                "waba_id": WABA,
            },
            "missing required field",
        ),
        ({"field": "Not A Field", "waba_id": WABA}, "cannot be used"),
    ],
)
async def test_a_refusal_says_what_is_wrong(shared_simulator, body, sentence):
    answer = await shared_simulator.call("POST", "/_sim/webhooks", body)
    assert answer.status in (400, 404)
    assert sentence in answer.error["message"]


async def test_what_is_told_is_what_graph_shows(simulator):
    async def tell(field: str, **arguments: object) -> None:
        await simulator.control("POST", "webhooks", {**place(field), **arguments})

    async def number(fields: str) -> dict:
        return (await simulator.graph("GET", f"/v26.0/{NUMBER}?fields={fields}")).json

    async def account(fields: str) -> dict:
        return (await simulator.graph("GET", f"/v26.0/{WABA}?fields={fields}")).json

    await tell("phone_number_quality_update", event="FLAGGED", current_limit="TIER_2K")
    assert (await number("quality_rating,status,health_status"))["quality_rating"] == "RED"
    assert (await number("health_status"))["health_status"]["can_send_message"] == "LIMITED"
    await tell("phone_number_quality_update", event="UNFLAGGED", current_limit="TIER_2K")
    await tell("phone_number_quality_update", event="THROUGHPUT_UPGRADE")
    assert (await number("throughput,status"))["throughput"] == {"level": "HIGH"}
    await tell("phone_number_name_update", decision="REJECTED", requested_verified_name="Bank")
    assert (await number("verified_name,new_name_status"))["new_name_status"] == "DECLINED"
    await tell("phone_number_name_update", decision="APPROVED", requested_verified_name="Shop of Ann")
    assert (await number("verified_name"))["verified_name"] == "Shop of Ann"
    await tell("business_username_update", status="approved", username="shop.of.ann")
    assert (await number("username"))["username"] == "shop.of.ann"
    await tell("business_capability_update", max_daily_conversations_per_business="TIER_10K")
    limit = "whatsapp_business_manager_messaging_limit"
    assert (await number(limit))[limit] == "TIER_10K"
    await tell("account_review_update", decision="REJECTED")
    assert (await account("account_review_status"))["account_review_status"] == "REJECTED"
    assert (await number("health_status"))["health_status"]["can_send_message"] == "BLOCKED"
    await tell("account_review_update", decision="APPROVED")
    ban = {"waba_ban_state": "DISABLE", "waba_ban_date": "January 31, 2026"}
    await tell("account_update", event="DISABLED_UPDATE", ban_info=ban)
    assert (await account("status"))["status"] == "DISABLED"
    await tell("account_update", event="DISABLED_UPDATE", ban_info={**ban, "waba_ban_state": "REINSTATE"})
    assert (await account("health_status"))["health_status"]["can_send_message"] == "AVAILABLE"


async def test_an_uninstalled_app_hears_of_it_and_then_of_nothing(simulator, receiver):
    uninstalled = {"event": "PARTNER_APP_UNINSTALLED", "waba_info": {"partner_app_id": APP}}
    await simulator.control("POST", "webhooks", {"field": "account_update", "waba_id": WABA, **uninstalled})
    await heard(simulator, receiver, 1)
    after = await simulator.control("POST", "webhooks", {**place("security"), "event": "PIN_CHANGED"})
    assert after["told"][0]["apps"] == []
    assert (await simulator.graph("GET", f"/v26.0/{NUMBER}")).error["code"] == 100


async def test_a_changed_state_is_told(simulator, receiver):
    await simulator.control("PATCH", f"numbers/{NUMBER}", {"quality_rating": "RED"})
    await simulator.control("PATCH", f"numbers/{NUMBER}", {"throughput_mps": 1000, "is_official": True})
    await simulator.control("PATCH", f"numbers/{NUMBER}", {"new_name": "Bank", "new_name_status": "DECLINED"})
    await simulator.control("PATCH", f"numbers/{NUMBER}", {"verified_name": "Shop of Ann"})
    await simulator.control("PATCH", f"numbers/{NUMBER}", {"username": "shop"})
    restriction = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1790000000}
    await simulator.control("PATCH", f"wabas/{WABA}", {"restrictions": [restriction]})
    await simulator.control("PATCH", f"wabas/{WABA}", {"ban_state": "DISABLE"})
    await simulator.control("PATCH", f"portfolios/{PORTFOLIO}", {"messaging_limit": "TIER_250"})
    changes = await heard(simulator, receiver, 9)
    told = {(change["field"], change["value"].get("event") or change["value"].get("decision")) for change in changes}
    assert told == {
        ("phone_number_quality_update", "FLAGGED"),
        ("phone_number_quality_update", "THROUGHPUT_UPGRADE"),
        ("account_alerts", None),
        ("phone_number_name_update", "REJECTED"),
        ("phone_number_name_update", "APPROVED"),
        ("business_username_update", None),
        ("account_update", "ACCOUNT_RESTRICTION"),
        ("account_update", "DISABLED_UPDATE"),
        ("business_capability_update", None),
    }
    (capability,) = [change["value"] for change in changes if change["field"] == "business_capability_update"]
    assert capability == {"max_daily_conversations_per_business": 250, "max_phone_numbers_per_business": 2}


async def test_the_same_state_again_is_not_told(simulator):
    await simulator.control("PATCH", f"numbers/{NUMBER}", {"quality_rating": "GREEN"})
    number = {"waba_id": WABA, "display_phone_number": "+1 555-010-0000", "verified_name": "Business"}
    await simulator.control("PUT", f"numbers/{NUMBER}", number)
    assert [entry for entry in await simulator.ledger() if entry["kind"] == "notice"] == []


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        (f"numbers/{NUMBER}", {"colour": "red"}, "colour cannot be changed here"),
        (f"numbers/{NUMBER}", {"waba_id": "1"}, "waba_id cannot be changed here"),
        (f"numbers/{NUMBER}", {"verified_name": ""}, "must not be empty"),
        (f"numbers/{NUMBER}", {"throughput_mps": 0}, "Expected `int` >= 1"),
        (f"numbers/{NUMBER}", {"status": "ASLEEP"}, "Invalid enum value 'ASLEEP'"),
        (f"wabas/{WABA}", {"restrictions": [{"restriction_type": "ALL"}]}, "restrictions cannot be used"),
        (f"portfolios/{PORTFOLIO}", {"messaging_limit": "TIER_3"}, "Invalid enum value 'TIER_3'"),
        (f"portfolios/{PORTFOLIO}", {"grows_at": 1}, "grows_at cannot be changed here"),
    ],
)
async def test_a_change_that_cannot_be_is_refused(shared_simulator, path, body, sentence):
    answer = await shared_simulator.call("PATCH", f"/_sim/{path}", body)
    assert answer.status in (400, 404)
    assert sentence in answer.error["message"]


async def test_a_template_is_what_was_told_of_it_and_a_change_of_it_is_told(simulator, receiver):
    path = f"wabas/{WABA}/templates/order_sent/en"
    body = {"category": "UTILITY", "components": [{"type": "BODY", "text": "Hi {{1}}, it is on its way"}]}
    template = await simulator.control("PUT", path, body)
    named = {"message_template_name": "order_sent", "message_template_language": "en"}
    about = {"message_template_id": int(template["id"]), **named}
    for field, arguments in (
        ("message_template_status_update", {"event": "PAUSED"}),
        ("message_template_quality_update", {"previous_quality_score": "GREEN", "new_quality_score": "RED"}),
        ("template_category_update", {"previous_category": "UTILITY", "new_category": "MARKETING"}),
        ("message_template_components_update", {"message_template_element": "Hello {{1}}, it comes"}),
    ):
        await simulator.control("POST", "webhooks", {"field": field, "waba_id": WABA, **about, **arguments})
    shown = await simulator.control("GET", path)
    assert (shown["status"], shown["quality"], shown["category"]) == ("PAUSED", "RED", "MARKETING")
    assert shown["components"] == [{"type": "BODY", "text": "Hello {{1}}, it comes"}]
    await heard(simulator, receiver, 4)
    await simulator.control("PATCH", path, {"status": "APPROVED", "quality": "GREEN", "category": "UTILITY"})
    await simulator.control("PUT", path, {**body, "quality": "GREEN"})
    changes = (await heard(simulator, receiver, 8))[4:]
    told = {change["field"]: change["value"] for change in changes}
    assert told["message_template_status_update"]["event"] == "APPROVED"
    assert told["message_template_quality_update"]["new_quality_score"] == "GREEN"
    assert told["template_category_update"]["new_category"] == "UTILITY"
    assert told["message_template_components_update"]["message_template_element"] == "Hi {{1}}, it is on its way"
    assert {value["message_template_id"] for value in told.values()} == {int(template["id"])}
    assert [entry for entry in await entries_of(receiver) if "time" not in entry] == []
