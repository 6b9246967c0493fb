"""Templates and groups over HTTP: seeding them with the control API, reading them through Graph, sending them."""

from urllib.parse import urlsplit

import pytest

WABA, NUMBER, ANN = "200000000000002", "300000000000003", "15550100001"
TEMPLATES = f"/v26.0/{WABA}/message_templates"
BODY = {"type": "BODY", "text": "Hello {{1}}"}


@pytest.fixture(scope="module")
async def seeded(shared_simulator):
    await shared_simulator.control("POST", f"wabas/{WABA}/templates/samples")
    return shared_simulator


async def test_the_samples_can_be_listed_in_pages(seeded):
    everything = (await seeded.graph("GET", f"{TEMPLATES}?limit=100")).json["data"]
    assert len(everything) == 19
    assert list(everything[0]) == ["name", "parameter_format", "components", "language", "status", "category", "id"]
    path, pages = f"{TEMPLATES}?limit=8", []
    while path is not None:
        page = (await seeded.graph("GET", path)).json
        pages.append(page)
        url = page["paging"].get("next")
        path = f"{urlsplit(url).path}?{urlsplit(url).query}" if url else None
    assert [len(page["data"]) for page in pages] == [8, 8, 3]
    assert [template for page in pages for template in page["data"]] == everything
    url = urlsplit(pages[2]["paging"]["previous"])
    assert (await seeded.graph("GET", f"{url.path}?{url.query}")).json["data"] == pages[1]["data"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("name=order_shipped", 2),
        ("name=order_shipped&language=de", 1),
        ("category=authentication", 3),
        ("status=APPROVED", 19),
        ("status=PAUSED", 0),
        ("quality_score=UNKNOWN&category=UTILITY", 7),
        ("name=nothing", 0),
    ],
)
async def test_the_list_can_be_narrowed(seeded, query, count):
    assert len((await seeded.graph("GET", f"{TEMPLATES}?limit=100&{query}")).json["data"]) == count


async def test_fields_are_chosen(seeded):
    page = (await seeded.graph("GET", f"{TEMPLATES}?fields=status,quality_score&limit=1")).json
    assert [list(template) for template in page["data"]] == [["id", "status", "quality_score"]]
    one = (await seeded.graph("GET", f"/v26.0/{page['data'][0]['id']}?fields=name")).json
    assert one == {"id": page["data"][0]["id"], "name": "hello_world"}


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "after=%21", "after=YQ==", "fields=colour"])
async def test_lists_that_cannot_be_had(seeded, query):
    answer = await seeded.graph("GET", f"{TEMPLATES}?{query}")
    assert (answer.status, answer.error["code"]) == (400, 100)


async def test_a_template_is_seen_with_the_right_token_only(simulator):
    made = await simulator.control(
        "PUT", f"wabas/{WABA}/templates/hello/en", {"category": "UTILITY", "components": [BODY]}
    )
    assert (await simulator.graph("GET", f"/v26.0/{made['id']}")).json["name"] == "hello"
    await simulator.control(
        "POST", "tokens", {"token": "EAAsomeoneElses01", "app_id": "100000000000001", "waba_ids": []}
    )
    answer = await simulator.graph("GET", f"/v26.0/{made['id']}", token="EAAsomeoneElses01")
    assert (answer.error["code"], answer.error["error_subcode"]) == (100, 33)
    assert (await simulator.graph("POST", f"/v26.0/{made['id']}", {})).error["error_subcode"] == 33


async def test_a_template_is_made_sent_replaced_and_taken_away(simulator, receiver):
    path = f"wabas/{WABA}/templates/hello/en"
    made = await simulator.control("PUT", path, {"category": "MARKETING", "components": [BODY]})
    value = {"name": "hello", "language": {"code": "en"}}
    value["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]
    answer = await simulator.send(type="template", template=value)
    assert answer.json["messages"][0]["message_status"] == "accepted"
    wamid = answer.json["messages"][0]["id"]
    await receiver.until(lambda: receiver.statuses_of(wamid) == ["sent", "delivered", "read"])
    chat = await simulator.control("GET", f"people/{ANN}/chat")
    assert chat["threads"][0]["messages"][0]["template"]["body"] == "Hello Ann"
    again = await simulator.control("PUT", path, {"category": "UTILITY", "components": [BODY], "status": "PAUSED"})
    assert (again["id"], again["status"]) == (made["id"], "PAUSED")
    assert (await simulator.send(type="template", template=value)).error["code"] == 132015
    await simulator.control("DELETE", path)
    refused = await simulator.send(type="template", template=value)
    assert (refused.status, refused.error["code"]) == (404, 132001)
    assert (await simulator.call("GET", f"/_sim/{path}")).status == 404
    assert await simulator.control("GET", f"wabas/{WABA}/templates") == {"data": []}


async def test_templates_and_groups_survive_a_restart(start_simulator, receiver, tmp_path):
    first = await start_simulator("--data", str(tmp_path / "data"))
    await first.configure(receiver.url)
    for name in ("kept", "gone"):
        await first.control("PUT", f"wabas/{WABA}/templates/{name}/en", {"category": "UTILITY", "components": [BODY]})
    await first.control("DELETE", f"wabas/{WABA}/templates/gone/en")
    await first.control("PUT", "groups/777", {"phone_number_id": NUMBER, "participants": [ANN]})
    await first.stop()
    second = await start_simulator("--data", str(tmp_path / "data"))
    names = [template["name"] for template in (await second.control("GET", f"wabas/{WABA}/templates"))["data"]]
    assert names == ["kept"]
    assert (await second.control("GET", "groups/777"))["participants"] == [ANN]


GOOD = {"category": "UTILITY", "components": [BODY]}


@pytest.mark.parametrize(
    ("path", "body", "http"),
    [
        ("wabas/404/templates/a/en", GOOD, 404),
        (f"wabas/{WABA}/templates/A/en", GOOD, 400),
        (f"wabas/{WABA}/templates/a/english", GOOD, 400),
        (f"wabas/{WABA}/templates/a/en", {"category": "FUN", "components": [BODY]}, 400),
        (f"wabas/{WABA}/templates/a/en", {"category": "UTILITY", "components": []}, 400),
        (f"wabas/{WABA}/templates/a/en", {"category": "UTILITY", "components": [BODY, {"text": "x"}]}, 400),
        (f"wabas/{WABA}/templates/a/en", {**GOOD, "components": [BODY, {"type": "HEADER", "format": "GIF"}]}, 400),
        (f"wabas/{WABA}/templates/a/en", {**GOOD, "status": "SLEEPING"}, 400),
        (f"wabas/{WABA}/templates/a/en", {**GOOD, "components": [BODY, {"type": "BUTTONS", "buttons": "x"}]}, 400),
        (f"wabas/{WABA}/templates/a/en", {**GOOD, "components": [BODY, {"type": "CAROUSEL", "cards": [5]}]}, 400),
        (f"wabas/{WABA}/templates/a/en", {**GOOD, "components": [{"type": "BODY", "text": 5}]}, 400),
        ("groups/777", {"phone_number_id": "404"}, 404),
        ("groups/777", {"phone_number_id": NUMBER, "participants": ["404"]}, 404),
        ("groups/777", {"phone_number_id": NUMBER, "participants": [ANN] * 9}, 400),
        (f"groups/{ANN}", {"phone_number_id": NUMBER}, 409),
    ],
)
async def test_what_cannot_be_made(shared_simulator, path, body, http):
    answer = await shared_simulator.call("PUT", f"/_sim/{path}", body)
    assert answer.status == http
    assert answer.error["message"]


async def test_a_group_gets_messages_and_shows_its_pins(simulator, receiver):
    await simulator.control(
        "PUT", "groups/777", {"phone_number_id": NUMBER, "subject": "Garden", "participants": [ANN]}
    )
    answer = await simulator.send(to="777", recipient_type="group")
    wamid = answer.json["messages"][0]["id"]
    assert answer.json["messages"] == [{"id": wamid, "group_id": "777"}]
    pin = {"type": "pin", "message_id": wamid, "expiration_days": 1}
    assert (await simulator.send(to="777", recipient_type="group", type="pin", pin=pin)).status == 200
    assert (await simulator.control("GET", "groups/777"))["pinned"] == [wamid]
    await receiver.until(lambda: "sent" in receiver.statuses_of(wamid))
    (status,) = [update for update in receiver.accepted if update["id"] == wamid and update["status"] == "sent"]
    assert (status["recipient_id"], status["recipient_type"]) == ("777", "group")


async def test_marketing_messages_have_an_endpoint_of_their_own(seeded):
    value = {"name": "our_catalog", "language": {"code": "en_US"}}
    value["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]
    request = {"messaging_product": "whatsapp", "to": ANN, "type": "template", "template": value}
    answer = await seeded.graph("POST", f"/v26.0/{NUMBER}/marketing_messages", request)
    assert answer.json["messages"][0]["message_status"] == "accepted"
    utility = {**value, "name": "hello_world", "components": []}
    refused = await seeded.graph("POST", f"/v26.0/{NUMBER}/marketing_messages", {**request, "template": utility})
    assert refused.error["code"] == 134100
    assert any(entry["kind"] == "refused" and entry["code"] == 134100 for entry in await seeded.ledger())
