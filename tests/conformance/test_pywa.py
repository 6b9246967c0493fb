"""A client that others wrote for Meta's API works against the simulator as it is: it sends, asks, and is told.

What pywa can do is in the tables of `pywa_sends.py`; a method of pywa that stands in none of them fails here.
"""

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator

import pytest
import pywa_async
from pywa_async import errors
from pywa_async.types import CallPermissionRequestButton

from simulator import samples
from simulator.sample_templates import SAMPLES as SAMPLE_TEMPLATES
from tests.conformance.pywa_meeting import (
    ANN,
    APP,
    BOB,
    GROUP,
    NOBODY,
    NUMBER,
    PATIENCE_S,
    VERIFY,
    WABA,
    Meeting,
    meeting,
)
from tests.conformance.pywa_sends import BUTTONS, FLOW, LANGUAGE, LIST, NOT_THERE, OTHERWISE, SENDS, TEMPLATES, Call


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Meeting]:
    async with meeting() as made:
        yield made


@pytest.fixture
async def met(shared: Meeting) -> AsyncIterator[Meeting]:
    """The one meeting; pywa has understood whatever came of the test."""
    shared.complaints.lines.clear()
    shared.updates.clear()
    yield shared
    assert shared.complaints.lines == []


def test_nothing_that_pywa_can_do_is_left_out():
    everything = {name for name, _ in inspect.getmembers(pywa_async.WhatsApp, callable)}
    methods = {name for name in everything if not name.startswith(("_", "on_"))}
    listed = {call.method for call in SENDS} | {*OTHERWISE} | {*NOT_THERE}
    assert methods - listed - OF_PYWA_ITSELF == set()
    assert (listed | OF_PYWA_ITSELF) - methods == set()


def test_what_stands_elsewhere_stands_there():
    assert {*OTHERWISE.values()} <= {*globals()}


# Its handlers and its server; what begins with `on_` adds a handler, too.
OF_PYWA_ITSELF = {
    "add_flow_request_handler",
    "add_handlers",
    "get_flow_request_handler",
    "listen",
    "load_handlers_modules",
    "remove_callbacks",
    "remove_handlers",
    "run",
    "stop_listening",
    "webhook_challenge_handler",
    "webhook_update_handler",
    "webhook_update_validator",
}


@pytest.mark.parametrize("call", SENDS, ids=lambda call: call.name)
async def test_what_pywa_sends_arrives(met: Meeting, call: Call):
    about = await met.write(text="What is new?")
    sent = await getattr(met.wa, call.method)(to=ANN, tracker="my-id", **call.made(met, about))
    shown = await met.in_chat(sent.id)
    kind = shown.get("interactive", {}).get("type")
    assert (f"{shown['type']}/{kind}" if kind else shown["type"]) == call.becomes
    wanted = "sent" if call.becomes == "reaction" else "delivered"
    status = await met.update("status", lambda one: one.id == sent.id and one.status.value == wanted)
    assert status.tracker == "my-id"
    assert status.from_user.wa_id == ANN


def test_templates_of_every_sample_are_sent():
    assert {call.arguments["name"] for call in TEMPLATES} == {name for name, *_ in SAMPLE_TEMPLATES}


async def test_a_message_is_marked_as_read(met: Meeting):
    wamid = await met.write(text="Are you there?")
    assert (await met.wa.mark_message_as_read(wamid)).success
    assert (await met.wa.indicate_typing(wamid)).success
    (thread, *_) = (await met.control("GET", f"people/{ANN}/chat"))["threads"]
    assert thread["typing"]
    receipts = [one for one in await ledger(met) if one["kind"] == "receipt" and one["wamid"] == wamid]
    assert [one["typing"] for one in receipts] == [False, True]


async def ledger(met: Meeting) -> list[dict]:
    return (await met.control("GET", "ledger?after=0&limit=10000"))["entries"]


async def test_media_goes_up_and_comes_down(met: Meeting, tmp_path):
    photo = samples.read("photo.jpg")
    media = await met.wa.upload_media(photo, mime_type="image/jpeg", filename="photo.jpg")
    found = await met.wa.get_media_url(media.id)
    assert (found.mime_type, found.sha256) == ("image/jpeg", hashlib.sha256(photo).hexdigest())
    assert await met.wa.get_media_bytes(found.url) == photo
    assert b"".join([piece async for piece in met.wa.stream_media(found.url)]) == photo
    saved = await met.wa.download_media(url=found.url, path=tmp_path, filename="saved.jpg")
    assert saved.read_bytes() == photo
    assert (await met.wa.delete_media(media.id)).success
    with pytest.raises(errors.WhatsAppError) as refused:
        await met.wa.get_media_url(media.id)
    assert refused.value.code == 100


SENT_TO_THE_GROUP = 3


async def test_a_group_gets_messages_and_pins(met: Meeting):
    group = {"phone_number_id": NUMBER, "subject": "Garden", "participants": [ANN, BOB]}
    await met.control("PUT", f"groups/{GROUP}", group)
    sent = await met.wa.send_message(GROUP, "Hello all")
    told = await met.update("group_statuses", lambda one: (one[0].id, one[0].status.value) == (sent.id, "delivered"))
    assert {status.from_user.wa_id for status in told} == {ANN, BOB}
    await met.wa.pin_message(GROUP, sent.id, expiration_days=1)
    assert (await met.control("GET", f"groups/{GROUP}"))["pinned"] == [sent.id]
    await met.wa.unpin_message(GROUP, sent.id)
    assert (await met.control("GET", f"groups/{GROUP}"))["pinned"] == []
    await met.write(text="Hello business", group_id=GROUP)
    assert (await met.update("message", lambda one: one.text == "Hello business")).chat.id == GROUP
    # Meta's page on group messaging has one sent status for a whole group, with no contacts; pywa 4.5 looks for them.
    async with asyncio.timeout(PATIENCE_S):
        while len(met.complaints.lines) < SENT_TO_THE_GROUP:
            await asyncio.sleep(0.01)
    assert all("KeyError('contacts')" in met.complaints.lines.pop() for _ in range(SENT_TO_THE_GROUP))


async def test_templates_accounts_and_numbers_are_read(met: Meeting):
    listed = await met.wa.get_templates()
    (one,) = await met.wa.get_templates(name="order_shipped", languages=[LANGUAGE])
    assert {found.name for found in listed} <= {name for name, *_ in SAMPLE_TEMPLATES}
    assert (await met.wa.get_template(one.id)).name == "order_shipped"
    assert (await met.wa.get_business_account()).id == WABA
    assert (await met.wa.get_business_phone_number()).id == NUMBER
    assert [number.id for number in await met.wa.get_business_phone_numbers()] == [NUMBER]


async def write_all(met: Meeting) -> None:
    for file in ("photo.jpg", "clip.mp4", "voice-note.ogg", "tone.mp3", "brochure.pdf", "animated-sticker.webp"):
        await met.write(sample=file)
    await met.write(text="Hello")
    await met.write(location={"latitude": 52.5, "longitude": 13.4, "name": "Here"})
    await met.write(contacts=[{"name": {"formatted_name": "Bob"}, "phones": [{"phone": "+15550100002"}]}])
    await met.write(
        order={
            "catalog_id": "1",
            "text": "Two please",
            "product_items": [
                {"product_retailer_id": "sku-1", "quantity": 2, "item_price": 5.0, "currency": "EUR"},
            ],
        }
    )
    await met.write(unsupported="poll")


INBOUND = {
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "order",
    "unsupported",
    "reaction",
}


async def test_pywa_reads_whatever_people_write(met: Meeting):
    await write_all(met)
    sent = await met.wa.send_text(ANN, "Do you like it?")
    await met.delivered(sent.id)
    await met.does("reactions", message_id=sent.id, emoji="👍")
    answer = await met.write(text="I do", reply_to=sent.id)
    assert (await met.update("message", lambda one: one.id == answer)).reply_to_message.id == sent.id
    for kind in INBOUND:
        await met.update("message", lambda one, kind=kind: one.type.value == kind)


async def test_media_from_people_comes_down(met: Meeting):
    wamid = await met.write(sample="photo.jpg", caption="Look")
    message = await met.update("message", lambda one: one.id == wamid)
    assert message.caption == "Look"
    assert await message.image.get_bytes() == samples.read("photo.jpg")


async def test_a_reply_goes_by_the_user_id_and_arrives(met: Meeting):
    wamid = await met.write(text="Are you open?")
    message = await met.update("message", lambda one: one.id == wamid)
    assert message.from_user.bsuid
    sent = await message.reply_text("Yes", quote=True)
    assert (await met.in_chat(sent.id))["reply_to"] == wamid
    await met.delivered(sent.id)


async def test_pywa_reads_what_people_tap_and_answer(met: Meeting):
    sent = [await met.wa.send_message(ANN, "Which?", buttons=buttons) for buttons in (BUTTONS, LIST, FLOW)]
    # Ann may have been asked in this file already, which Meta allows once a day.
    sent.append(await met.wa.send_message(BOB, "May we call?", buttons=CallPermissionRequestButton()))
    for one in sent:
        await met.delivered(one.id)
    button, choice, flow, calls = (one.id for one in sent)
    await met.does("taps", message_id=button, choice="yes")
    assert (await met.update("button")).data == "yes"
    await met.does("taps", message_id=choice, choice="l")
    assert (await met.update("selection")).data == "l"
    await met.does("answers", message_id=flow, flow_response={"name": "Ann"})
    completion = await met.update("flow_completion")
    assert (completion.token, completion.response["name"]) == ("flow-token", "Ann")
    await met.control("POST", f"people/{BOB}/answers", {"message_id": calls, "accept_calls": True})
    await met.update("call_permission")


async def test_pywa_reads_changes_of_messages_and_people(met: Meeting):
    wamid = await met.write(text="Helo")
    await met.does("edits", message_id=wamid, text="Hello")
    await met.update("edited")
    await met.does("deletions", message_id=wamid)
    await met.update("deleted")
    await met.control("PUT", f"people/{ANN}/marketing/{NUMBER}", {"wanted": False})
    await met.update("marketing_preferences")
    await met.control("PUT", f"people/{ANN}/marketing/{NUMBER}", {"wanted": True})
    await met.does("calls", to=NUMBER, lasts_s=1)
    await met.update("call_connect")
    await met.update("call_terminate")
    await met.does("user-id", bsuid="US.13491208655302741918")
    await met.control("POST", f"people/{BOB}/number", {"wa_id": "15550100077"})
    await met.update("number_change", lambda one: one.new_wa_id == "15550100077")


async def test_pywa_reads_every_status(met: Meeting):
    voice = await met.wa.send_voice(ANN, met.path_of("voice-note.ogg"), mime_type="audio/ogg")
    await met.delivered(voice.id)
    await met.does("plays", message_id=voice.id)
    for name in ("sent", "delivered", "read", "played"):
        await met.update("status", lambda one, name=name: (one.id, one.status.value) == (voice.id, name))
    lost = await met.wa.send_template(NOBODY, "hello_world", LANGUAGE, [])
    (failed,) = (await met.update("raw", lambda one: _fails(one, lost.id))).value["statuses"]
    assert failed["errors"][0]["code"] == 131026
    # Meta's page on status webhooks has no contacts in a failed one, and pywa 4.5 looks for them.
    assert "KeyError('contacts')" in met.complaints.lines.pop()


def _fails(update: pywa_async.types.RawUpdate, wamid: str) -> bool:
    return any((one["id"], one["status"]) == (wamid, "failed") for one in update.value.get("statuses", []))


async def test_pywa_reads_what_is_told_about_templates_and_accounts(met: Meeting):
    template = f"wabas/{WABA}/templates/order_shipped/de"
    changes = {"status": "PAUSED", "quality": "RED", "category": "MARKETING"}
    await met.control("PATCH", template, changes)
    await met.control("PATCH", f"wabas/{WABA}", {"ban_state": "SCHEDULE_FOR_DISABLE"})
    for kind in ("template_status", "template_quality", "template_category", "account"):
        await met.update(kind)


async def test_a_webhook_with_a_wrong_signature_is_refused(shared: Meeting):
    await shared.control("PUT", f"apps/{APP}", {**await app_of(shared), "app_secret": "another secret"})
    shared.updates.clear()
    await shared.write(text="Hello")
    await refused_post(shared)
    assert shared.updates == []


async def app_of(met: Meeting) -> dict:
    app = await met.control("GET", f"apps/{APP}")
    return {"name": app["name"], "callback_url": app["callback_url"], "verify_token": VERIFY}


async def refused_post(met: Meeting) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not any(one["kind"] == "webhook" and one["http"] == 403 for one in await ledger(met)):
            await asyncio.sleep(0.05)
