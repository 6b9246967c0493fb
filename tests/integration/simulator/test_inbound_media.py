"""People send files: the webhook says what they are, and the product can fetch them."""

import asyncio
import base64
import hashlib

import aiohttp
import pytest

from simulator import samples

ANN, NUMBER, TOKEN = "15550100001", "300000000000003", "EAAtokenOfTheTests0001"


async def write(simulator, **body):
    return await simulator.call("POST", f"/_sim/people/{ANN}/messages", {"to": NUMBER, **body})


async def received(simulator, receiver, **body) -> dict:
    """The message of the webhook that follows."""
    answer = await write(simulator, **body)
    assert answer.status == 200, answer.text
    wamid = answer.json["id"]
    await receiver.until(lambda: any(update["id"] == wamid for update in receiver.accepted))
    return next(update for update in receiver.accepted if update["id"] == wamid)


async def fetch(simulator, url: str) -> bytes:
    async with simulator.session.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        assert answer.status == 200
        return await answer.read()


async def give(simulator, content: bytes, type_: str | None = None, to: str = NUMBER):
    headers = {"Content-Type": type_} if type_ else {}
    return await simulator.call("POST", f"/_sim/people/{ANN}/media?to={to}", content, **headers)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photo.jpg", "image"),
        ("picture.png", "image"),
        ("sticker.webp", "sticker"),
        ("animated-sticker.webp", "sticker"),
        ("voice-note.ogg", "audio"),
        ("tone.mp3", "audio"),
        ("tone.aac", "audio"),
        ("tone.amr", "audio"),
        ("tone.m4a", "audio"),
        ("clip.mp4", "video"),
        ("clip.3gp", "video"),
        ("brochure.pdf", "document"),
        ("letter.docx", "document"),
        ("table.xlsx", "document"),
        ("slides.pptx", "document"),
        ("note.txt", "document"),
    ],
)
async def test_a_sample_arrives_with_its_bytes(simulator, receiver, name, kind):
    message = await received(simulator, receiver, sample=name)
    content = samples.read(name)
    assert message["type"] == kind
    described = message[kind]
    assert described["mime_type"] == samples.TYPES[name]
    assert described["sha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
    shown = (await simulator.graph("GET", f"/v26.0/{described['id']}?phone_number_id={NUMBER}")).json
    assert (shown["mime_type"], shown["file_size"]) == (samples.TYPES[name], len(content))
    assert shown["sha256"] == hashlib.sha256(content).hexdigest()
    assert await fetch(simulator, shown["url"]) == content


async def test_the_samples_can_be_had(simulator):
    listed = (await simulator.control("GET", "samples"))["data"]
    assert {one["sample"]: one["mime_type"] for one in listed} == samples.TYPES
    for name, type_ in samples.TYPES.items():
        async with simulator.session.get(f"{simulator.address}/_sim/samples/{name}") as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, type_)
            assert await answer.read() == samples.read(name)
    missing = await simulator.call("GET", "/_sim/samples/holiday.jpg")
    assert (missing.status, "there is no sample holiday.jpg" in missing.error["message"]) == (404, True)


async def test_what_a_webhook_says_depends_on_the_kind(simulator, receiver):
    async def keys(**body) -> dict:
        message = await received(simulator, receiver, **body)
        described = message[message["type"]]
        return {key: value for key, value in described.items() if key not in ("id", "sha256", "mime_type")}

    assert await keys(sample="photo.jpg", caption="look") == {"caption": "look"}
    assert await keys(sample="clip.mp4") == {}
    assert await keys(sample="voice-note.ogg") == {"voice": True}
    assert await keys(sample="voice-note.ogg", voice=False) == {"voice": False}
    assert await keys(sample="tone.mp3") == {"voice": False}
    assert await keys(sample="sticker.webp") == {"animated": False}
    assert await keys(sample="animated-sticker.webp") == {"animated": True}
    assert await keys(sample="letter.docx") == {"filename": "letter.docx"}
    assert await keys(sample="photo.jpg", type="document", filename="a.jpg", caption="c") == {
        "caption": "c",
        "filename": "a.jpg",
    }


async def test_a_file_can_be_a_reply(simulator, receiver):
    sent = (await simulator.send()).json["messages"][0]["id"]
    await receiver.until(lambda: "delivered" in receiver.statuses_of(sent))
    message = await received(simulator, receiver, sample="photo.jpg", reply_to=sent)
    assert message["context"]["id"] == sent


async def test_any_file_can_be_given_and_sent(simulator, receiver):
    given = await give(simulator, samples.read("clip.mp4"), "video/mp4")
    assert (given.status, given.json["size"]) == (200, len(samples.read("clip.mp4")))
    message = await received(simulator, receiver, type="video", media_id=given.json["id"], caption="mine")
    assert (message["video"]["id"], message["video"]["caption"]) == (given.json["id"], "mine")
    shown = (await simulator.graph("GET", f"/v26.0/{given.json['id']}")).json
    assert await fetch(simulator, shown["url"]) == samples.read("clip.mp4")


async def test_a_file_without_a_type_is_what_its_bytes_say(simulator, receiver):
    given = (await give(simulator, samples.read("picture.png"), "application/octet-stream")).json
    assert given["mime_type"] == "image/png"
    message = await received(simulator, receiver, media_id=given["id"])
    assert message["image"]["mime_type"] == "image/png"


async def test_a_type_that_whatsapp_does_not_know_arrives_as_a_document(simulator, receiver):
    given = (await give(simulator, b"a,b\n1,2\n", "text/csv")).json
    message = await received(simulator, receiver, media_id=given["id"])
    assert message["document"]["mime_type"] == "text/csv"
    assert message["document"]["filename"] == "document.csv"


async def test_webhooks_can_carry_the_address(simulator, receiver):
    await simulator.control("PUT", "settings", {"media_url_in_webhooks": True})
    message = await received(simulator, receiver, sample="photo.jpg")
    assert await fetch(simulator, message["image"]["url"]) == samples.read("photo.jpg")


async def test_what_people_send_expires_sooner(simulator, receiver):
    await simulator.control("PUT", "settings", {"inbound_media_lives_s": 0.001})
    message = await received(simulator, receiver, sample="photo.jpg")
    async with asyncio.timeout(30):
        while (await simulator.graph("GET", f"/v26.0/{message['image']['id']}")).status == 200:
            await asyncio.sleep(0.01)


async def test_the_ledger_has_the_type_and_the_chat_the_file(simulator, receiver):
    message = await received(simulator, receiver, sample="photo.jpg", caption="look")
    (entry,) = [entry for entry in await simulator.ledger() if entry["kind"] == "inbound"]
    assert (entry["type"], entry["wamid"]) == ("image", message["id"])
    chat = await simulator.control("GET", f"people/{ANN}/chat")
    assert chat["threads"][0]["messages"][-1]["image"] == message["image"]
    content = await simulator.session.get(f"{simulator.address}/_sim/media/{message['image']['id']}/content")
    assert (content.status, await content.read()) == (200, samples.read("photo.jpg"))
    assert content.headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "either a text, or a file"),
        ({"text": "hello", "sample": "photo.jpg"}, 400, "either a text, or a file"),
        ({"sample": "photo.jpg", "media_id": "1"}, 400, "either a sample or a media_id"),
        ({"sample": "../README.md"}, 404, "there are animated-sticker.webp, brochure.pdf"),
        ({"media_id": "1"}, 404, "no file 1 was given"),
        ({"sample": "photo.jpg", "type": "video"}, 400, "image/jpeg cannot be sent as video"),
        ({"sample": "photo.jpg", "type": "text"}, 400, "image/jpeg cannot be sent as text"),
        ({"sample": "tone.mp3", "caption": "hm"}, 400, "audio has no caption"),
        ({"text": "hello", "type": "image"}, 400, "this cannot be sent as image"),
        ({"sample": "photo.jpg", "type": "poem"}, 400, "the body cannot be used"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_a_reason(shared_simulator, body, status, words):
    before = (await shared_simulator.control("GET", "media"))["data"]
    answer = await write(shared_simulator, **body)
    assert answer.status == status, answer.text
    assert words in answer.error["message"]
    assert (await shared_simulator.control("GET", "media"))["data"] == before


async def test_what_a_business_uploaded_is_not_a_persons_file(simulator):
    form = aiohttp.FormData({"messaging_product": "whatsapp"})
    form.add_field("file", samples.read("photo.jpg"), filename="p.jpg", content_type="image/jpeg")
    url = f"{simulator.address}/v26.0/{NUMBER}/media"
    async with simulator.session.post(url, data=form, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        media_id = (await answer.json())["id"]
    assert (await write(simulator, media_id=media_id)).status == 404


@pytest.mark.parametrize(
    ("content", "to", "status"), [(b"", NUMBER, 400), (b"x", "404", 404), (b"." * (100 * 1024 * 1024 + 1), NUMBER, 413)]
)
async def test_a_file_that_cannot_be_given_is_refused(shared_simulator, content, to, status):
    assert (await give(shared_simulator, content, "image/png", to=to)).status == status


async def test_samples_are_listed(shared_simulator):
    listed = (await shared_simulator.control("GET", "samples"))["data"]
    assert {one["sample"]: one["mime_type"] for one in listed} == samples.TYPES


async def test_only_the_newest_media_are_listed(simulator):
    ids = [(await give(simulator, b"x", "text/plain")).json["id"] for _ in range(3)]
    listed = await simulator.control("GET", "media?limit=2")
    assert [media["id"] for media in listed["data"]] == ids[1:]
    assert listed["bytes"] == 1
    assert [len((await simulator.control("GET", f"media{limit}"))["data"]) for limit in ("", "?limit=0")] == [3, 0]


async def test_media_can_be_taken_away(simulator, receiver):
    message = await received(simulator, receiver, sample="photo.jpg")
    media_id = message["image"]["id"]
    assert (await simulator.control("DELETE", f"media/{media_id}"))["id"] == media_id
    assert (await simulator.graph("GET", f"/v26.0/{media_id}")).error["error_subcode"] == 33
    for path in (f"media/{media_id}", f"media/{media_id}/content"):
        assert (await simulator.call("GET", f"/_sim/{path}")).status == 404
