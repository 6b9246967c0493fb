"""Phones over HTTP: what a person does, what the product hears of it, and what the chat shows."""

import re

import pytest

WABA, NUMBER, ANN = "200000000000002", "300000000000003", "15550100001"


async def do(simulator, what: str, body: dict, method: str = "POST") -> dict:
    return await simulator.control(method, f"people/{ANN}/{what}", body)


async def heard_message(receiver, wamid: str) -> dict:
    await receiver.until(lambda: any(update["id"] == wamid for update in receiver.accepted))
    (message,) = [update for update in receiver.accepted if update["id"] == wamid and "type" in update]
    return message


async def delivered(simulator, receiver) -> str:
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await receiver.until(lambda: "delivered" in receiver.statuses_of(wamid))
    return wamid


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ({"text": "Hello"}, "text"),
        ({"sample": "photo.jpg", "caption": "Look"}, "image"),
        ({"location": {"latitude": 52.5, "longitude": 13.4, "name": "Here"}}, "location"),
        ({"contacts": [{"name": {"formatted_name": "Bob"}, "phones": [{"phone": "+1 555 010 0002"}]}]}, "contacts"),
        (
            {
                "order": {
                    "catalog_id": "1",
                    "product_items": [
                        {"product_retailer_id": "A", "quantity": 1, "item_price": 3.5, "currency": "USD"}
                    ],
                }
            },
            "order",
        ),
        ({"unsupported": "poll"}, "unsupported"),
        ({"too_large": True}, "unsupported"),
    ],
)
async def test_a_person_writes(simulator, receiver, body, type_):
    wamid = (await do(simulator, "messages", {"to": NUMBER, **body}))["id"]
    message = await heard_message(receiver, wamid)
    assert message["type"] == type_
    assert message["from"] == ANN


async def test_a_file_of_more_than_100_mb_is_told_as_an_error(simulator, receiver):
    wamid = (await do(simulator, "messages", {"to": NUMBER, "too_large": True}))["id"]
    (error,) = (await heard_message(receiver, wamid))["errors"]
    assert error["code"] == 131052
    assert "Max file size we currently support: 100MB" in error["error_data"]["details"]


async def test_a_person_comes_from_an_ad_and_asks_about_a_product(simulator, receiver):
    referral = {"source_url": "https://ad.example/1", "source_id": "1", "ctwa_clid": "c"}
    product = {"catalog_id": "1", "product_retailer_id": "A"}
    body = {"to": NUMBER, "text": "Hi", "referral": referral, "referred_product": product}
    message = await heard_message(receiver, (await do(simulator, "messages", body))["id"])
    assert message["referral"].items() >= referral.items()
    assert message["context"] == {"referred_product": product}


async def test_what_follows_an_ad_is_free(simulator, receiver):
    referral = {"source_url": "https://ad.example/1", "source_id": "1"}
    await do(simulator, "messages", {"to": NUMBER, "text": "Hi", "referral": referral})
    wamid = await delivered(simulator, receiver)
    (sent,) = [one for one in receiver.accepted if one["id"] == wamid and one.get("status") == "sent"]
    assert sent["pricing"]["type"] == "free_entry_point"
    assert sent["conversation"]["origin"]["type"] == "referral_conversion"


async def test_gestures_are_heard_and_shown(simulator, receiver):
    theirs = await delivered(simulator, receiver)
    mine = (await do(simulator, "messages", {"to": NUMBER, "text": "Helo", "reply_to": theirs}))["id"]
    reaction = await do(simulator, "reactions", {"message_id": theirs, "emoji": "🎉"})
    edit = await do(simulator, "edits", {"message_id": mine, "text": "Hello"})
    forward = await do(simulator, "forwards", {"message_id": theirs, "to": NUMBER})
    gone = (await do(simulator, "messages", {"to": NUMBER, "text": "Oops"}))["id"]
    deletion = await do(simulator, "deletions", {"message_id": gone})
    assert (await heard_message(receiver, reaction["id"]))["reaction"]["emoji"] == "🎉"
    assert (await heard_message(receiver, edit["id"]))["edit"]["original_message_id"] == mine
    assert (await heard_message(receiver, forward["id"]))["context"] == {"forwarded": True}
    assert (await heard_message(receiver, deletion["id"]))["revoke"] == {"original_message_id": gone}
    (thread,) = (await simulator.control("GET", f"people/{ANN}/chat"))["threads"]
    shown = {message["id"]: message for message in thread["messages"]}
    assert shown[theirs]["reactions"] == {"person": "🎉"}
    assert (shown[mine]["text"], shown[mine]["edited"]) == ({"body": "Hello"}, True)
    assert shown[gone]["revoked"]


async def test_a_blocked_number_gets_a_failure(simulator, receiver):
    await do(simulator, f"blocked/{NUMBER}", {}, "PUT")
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await receiver.until(lambda: receiver.statuses_of(wamid) == ["failed"])
    answer = await simulator.call("POST", f"/_sim/people/{ANN}/messages", {"to": NUMBER, "text": "Hi"})
    assert answer.status == 409
    await do(simulator, f"blocked/{NUMBER}", {}, "DELETE")
    await delivered(simulator, receiver)


async def test_marketing_is_stopped_and_resumed(simulator, receiver):
    for wanted in (False, True):
        await do(simulator, f"marketing/{NUMBER}", {"wanted": wanted}, "PUT")
    await receiver.until(lambda: sum(len(post.changes) for post in receiver.posts) == 2)
    changes = [change for post in receiver.posts for change in post.changes]
    assert {change["field"] for change in changes} == {"user_preferences"}
    assert sorted(change["value"]["user_preferences"][0]["value"] for change in changes) == ["resume", "stop"]


async def test_a_hidden_phone_is_nowhere(simulator, receiver):
    await simulator.control("PATCH", f"people/{ANN}", {"hides_phone": True, "username": "ann"})
    wamid = await delivered(simulator, receiver)
    await do(simulator, "messages", {"to": NUMBER, "text": "Hi"})
    await do(simulator, "calls", {"to": NUMBER, "lasts_s": 1})
    await simulator.quiet()
    assert "read" in receiver.statuses_of(wamid)
    for post in receiver.posts:
        for change in post.changes:
            without_ids = {key: value for key, value in change["value"].items() if key != "metadata"}
            assert f'"{ANN}"' not in str(without_ids).replace("'", '"')


async def test_a_new_number_replaces_the_old_one(simulator, receiver):
    await do(simulator, "messages", {"to": NUMBER, "text": "Hi"})
    await do(simulator, "number", {"wa_id": "15550100077"})
    await receiver.until(lambda: any(update.get("type") == "system" for update in receiver.accepted))
    (system,) = [update for update in receiver.accepted if update.get("type") == "system"]
    assert system["system"]["wa_id"] == "15550100077"
    chat = await simulator.control("GET", "people/15550100077/chat")
    assert len(chat["threads"][0]["messages"]) == 2
    wamid = (await simulator.send()).json["messages"][0]["id"]
    await receiver.until(lambda: receiver.statuses_of(wamid) == ["failed"])


async def test_a_new_number_keeps_its_chats_over_a_restart(start_simulator, receiver, tmp_path):
    first = await start_simulator("--data", str(tmp_path))
    await first.configure(receiver.url)
    await first.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "Hi"})
    await first.control("POST", f"people/{ANN}/number", {"wa_id": "15550100077"})
    await first.quiet()
    await first.stop()
    again = await start_simulator("--data", str(tmp_path))
    (thread,) = (await again.control("GET", "people/15550100077/chat"))["threads"]
    assert len(thread["messages"]) == 2
    assert thread["window_open_until"] is not None


async def test_a_call_rings_and_ends(simulator, receiver):
    await do(simulator, "calls", {"to": NUMBER, "lasts_s": 5})
    await receiver.until(lambda: sum(len(post.changes) for post in receiver.posts) == 2)
    events = [change["value"]["calls"][0]["event"] for post in receiver.posts for change in post.changes]
    assert sorted(events) == ["connect", "terminate"]
    (thread,) = (await simulator.control("GET", f"people/{ANN}/chat"))["threads"]
    assert thread["window_open_until"] is not None


async def test_what_a_call_opened_stays_open_over_a_restart(start_simulator, receiver, tmp_path):
    first = await start_simulator("--data", str(tmp_path))
    await first.configure(receiver.url)
    await first.control("POST", f"people/{ANN}/calls", {"to": NUMBER, "lasts_s": 0})
    await first.quiet()
    await first.stop()
    again = await start_simulator("--data", str(tmp_path))
    (thread,) = (await again.control("GET", f"people/{ANN}/chat"))["threads"]
    assert thread["window_open_until"] is not None


async def test_a_list_that_was_sent_through_graph_is_chosen_from(simulator, receiver):
    rows = [{"id": "a", "title": "One"}, {"id": "b", "title": "Two", "description": "Second"}]
    content = {"type": "list", "body": {"text": "Which?"}, "action": {"button": "Choose", "sections": [{"rows": rows}]}}
    wamid = (await simulator.send(type="interactive", interactive=content)).json["messages"][0]["id"]
    await receiver.until(lambda: "delivered" in receiver.statuses_of(wamid))
    chosen = await do(simulator, "taps", {"message_id": wamid, "choice": "Two"})
    message = await heard_message(receiver, chosen["id"])
    assert message["interactive"]["list_reply"] == rows[1]


async def test_participants_get_what_is_sent_to_their_group(simulator, receiver):
    await simulator.control("PUT", "groups/120363000000000001", {"phone_number_id": NUMBER, "participants": []})
    await do(simulator, "groups/120363000000000001", {}, "PUT")
    answer = await simulator.send(to="120363000000000001", recipient_type="group")
    wamid = answer.json["messages"][0]["id"]
    await receiver.until(lambda: "read" in receiver.statuses_of(wamid))
    read = next(one for one in receiver.accepted if one["id"] == wamid and one["status"] == "read")
    assert (read["recipient_type"], read["recipient_participant_id"]) == ("group", ANN)
    fields = [change["field"] for post in receiver.posts for change in post.changes]
    assert fields.count("group_participants_update") == 1


async def test_the_page_of_the_phones_needs_nothing_from_elsewhere(shared_simulator):
    page = await shared_simulator.call("GET", "/_sim/phone")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "//" not in re.sub(r"<!--.*?-->", "", page.text, flags=re.DOTALL)
    chat = await shared_simulator.control("GET", f"people/{ANN}/chat")
    assert {"name", "online", "threads"} <= chat.keys()


@pytest.mark.parametrize(
    ("what", "body", "sentence"),
    [
        ("messages", {"to": NUMBER}, "say what to send"),
        ("messages", {"to": NUMBER, "text": "a", "unsupported": "poll"}, "say what to send"),
        ("messages", {"to": NUMBER, "location": {"latitude": 100, "longitude": 0}}, "cannot be used"),
        ("messages", {"to": NUMBER, "text": "a", "type": "image"}, "cannot be sent as image"),
        ("taps", {"message_id": "wamid.X", "choice": "a"}, "has no message wamid.X"),
        ("answers", {"message_id": "wamid.X"}, "say what to answer"),
        ("reactions", {"message_id": "wamid.X", "emoji": ""}, "cannot be used"),
        ("forwards", {"message_id": "wamid.X", "to": "1"}, "there is no number 1"),
        ("number", {"wa_id": "12"}, "7 to 15 digits"),
        ("number", {"wa_id": ANN}, "somebody's number already"),
        ("user-id", {"bsuid": "nobody"}, "cannot be used"),
        ("calls", {"to": NUMBER, "lasts_s": -1}, "cannot be used"),
    ],
)
async def test_a_refusal_says_what_is_wrong(shared_simulator, what, body, sentence):
    answer = await shared_simulator.call("POST", f"/_sim/people/{ANN}/{what}", body)
    assert answer.status in (400, 404, 409)
    assert sentence in answer.error["message"]
