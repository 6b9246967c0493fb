"""The main road: a text goes out, its statuses come back signed; a person writes, the business reads."""

import base64
import re

ANN = "15550100001"
NUMBER = "300000000000003"


def wamid_of(answer) -> str:
    return answer.json["messages"][0]["id"]


async def test_a_text_is_accepted_then_sent_delivered_and_read(simulator, receiver, signed):
    answer = await simulator.send("grüße / 🙂", biz_opaque_callback_data="ours-1")
    wamid = wamid_of(answer)
    assert answer.status == 200
    assert answer.json == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": f"+{ANN}", "wa_id": ANN}],
        "messages": [{"id": wamid}],
    }
    assert ANN.encode() in base64.b64decode(wamid.removeprefix("wamid."))
    await receiver.until(lambda: len(receiver.statuses_of(wamid)) == 3)
    assert receiver.statuses_of(wamid) == ["sent", "delivered", "read"]
    assert all(signed(post) for post in receiver.posts)
    for status in receiver.accepted:
        assert status["biz_opaque_callback_data"] == "ours-1"
        assert status["recipient_id"] == ANN
        assert re.fullmatch(r"[0-9]{10}", status["timestamp"])


async def test_a_person_writes_and_the_business_marks_it_read(simulator, receiver, signed):
    written = await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "Où / 🙂"})
    await receiver.until(lambda: receiver.accepted)
    (post,) = receiver.posts
    assert signed(post)
    assert post.body.isascii()
    assert rb"O\u00f9 \/ \ud83d\ude42" in post.body
    value = post.changes[0]["value"]
    assert value["metadata"] == {"display_phone_number": "15550100000", "phone_number_id": NUMBER}
    (message,) = value["messages"]
    assert (message["id"], message["from"], message["type"]) == (written["id"], ANN, "text")
    assert message["text"] == {"body": "Où / 🙂"}
    (contact,) = value["contacts"]
    assert contact == {"profile": {"name": "Ann"}, "wa_id": ANN, "user_id": message["from_user_id"]}

    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": written["id"]}
    answer = await simulator.graph("POST", f"/v26.0/{NUMBER}/messages", receipt)
    assert (answer.status, answer.json) == (200, {"success": True})
    chat = await simulator.control("GET", f"people/{ANN}/chat")
    assert "read" in chat["threads"][0]["messages"][0]["ticks"]


async def test_a_reply_quotes_the_business_message(simulator, receiver):
    wamid = wamid_of(await simulator.send())
    body = {"to": NUMBER, "text": "yes", "reply_to": wamid}
    written = await simulator.control("POST", f"people/{ANN}/messages", body)
    await receiver.until(lambda: any(update["id"] == written["id"] for update in receiver.accepted))
    (message,) = [update for update in receiver.accepted if update["id"] == written["id"]]
    assert message["context"] == {"from": "15550100000", "id": wamid}


async def test_a_number_that_nobody_has_fails_later(simulator, receiver):
    answer = await simulator.send(to="+15550199999", biz_opaque_callback_data="ours-2")
    assert answer.status == 200
    await receiver.until(lambda: receiver.accepted)
    (status,) = receiver.accepted
    assert (status["id"], status["status"]) == (wamid_of(answer), "failed")
    assert status["biz_opaque_callback_data"] == "ours-2"
    assert status["errors"][0]["code"] == 131026
    assert "contacts" not in receiver.posts[0].changes[0]["value"]


async def test_an_offline_phone_is_reached_when_it_comes_back(simulator, receiver):
    await simulator.control("PUT", f"people/{ANN}/online", {"online": False})
    wamid = wamid_of(await simulator.send())
    await simulator.quiet()
    assert receiver.statuses_of(wamid) == ["sent"]
    await simulator.control("PUT", f"people/{ANN}/online", {"online": True})
    await receiver.until(lambda: receiver.statuses_of(wamid) == ["sent", "delivered", "read"])


async def test_people_read_by_hand_and_answer_by_themselves(simulator, receiver):
    behaviour = {"reads": False, "read_delay_s": 0.1, "reply_every": 2, "reply_text": "got it"}
    await simulator.control("PUT", f"people/{ANN}", {"name": "Ann", "behaviour": behaviour})
    first, second = wamid_of(await simulator.send()), wamid_of(await simulator.send())
    summary = await simulator.quiet()
    assert summary["statuses"]["read"]["emitted"] == 0
    assert summary["inbound"] == {"emitted": 1, "acknowledged": 1}
    assert [update["text"]["body"] for update in receiver.accepted if "text" in update] == ["got it"]
    answer = await simulator.control("POST", f"people/{ANN}/read", {"message_ids": [first]})
    assert answer == {"read": [first]}
    answer = await simulator.control("POST", f"people/{ANN}/read", {"all": True})
    assert answer == {"read": [second]}
    await receiver.until(lambda: receiver.statuses_of(second)[-1:] == ["read"])


async def test_the_window_opens_with_an_inbound_message(simulator):
    await simulator.control("PUT", "settings", {"closed_window": "refuse"})
    refused = await simulator.send()
    assert (refused.status, refused.error["code"]) == (400, 131047)
    await simulator.control("POST", f"people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
    assert (await simulator.send()).status == 200


async def test_a_closed_window_can_fail_later_instead(simulator, receiver):
    await simulator.control("PUT", "settings", {"closed_window": "fail"})
    assert (await simulator.send()).status == 200
    await receiver.until(lambda: receiver.accepted)
    assert receiver.accepted[0]["errors"][0]["code"] == 131047


async def test_the_ledger_tells_the_whole_story_without_words_or_secrets(simulator):
    wamid = wamid_of(await simulator.send("unspeakable", biz_opaque_callback_data="ours-3"))
    await simulator.send("")
    await simulator.quiet()
    entries = await simulator.ledger()
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    send, refused = [entry for entry in entries if entry["kind"] in ("send", "refused")]
    assert (send["wamid"], send["biz_opaque_callback_data"]) == (wamid, "ours-3")
    assert (refused["code"], refused["phone_number_id"]) == (100, NUMBER)
    statuses = {entry["seq"]: entry["status"] for entry in entries if entry["kind"] == "status"}
    assert list(statuses.values()) == ["sent", "delivered", "read"]
    acknowledged = [entry for entry in entries if entry["kind"] == "webhook"]
    assert sorted(seq for entry in acknowledged for seq in entry["updates"]) == sorted(statuses)
    assert all(entry["http"] == 200 for entry in acknowledged)
    text = str(entries)
    assert "unspeakable" not in text
    assert "EAAtoken" not in text


async def test_ledger_pages_join(simulator):
    for _ in range(5):
        await simulator.send()
    await simulator.quiet()
    whole = await simulator.ledger()
    pages: list[dict] = []
    after = 0
    while (page := await simulator.control("GET", f"ledger?after={after}&limit=3"))["entries"]:
        pages += page["entries"]
        after = page["next_after"]
    assert pages == whole
