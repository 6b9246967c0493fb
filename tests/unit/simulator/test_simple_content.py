"""Media, locations, contacts and reactions: at each limit accepted, one beyond it refused as Meta does."""

from pathlib import Path

import pytest

import simulator
from simulator.state import Number
from simulator.world import World
from tests.unit.simulator.posting import ANN, BOB, NUMBER, WABA, accepted, furnished, post, refusal, request_of, words

SAMPLES = Path(simulator.__file__).parent / "samples"
DAY_S = 24 * 3600
LINK = {"link": "https://example.com/file"}
PLACE = {"latitude": 52.5, "longitude": 13.4}
NAMED = {"name": {"formatted_name": "Ann Example", "first_name": "Ann"}}


@pytest.fixture
async def world(clock) -> World:
    world = furnished(clock)
    yield world
    await world.close()


GOOD = [
    ("image", LINK),
    ("image", {"link": "HTTP://example.com/a?b=c", "caption": "x" * 1024}),
    ("image", {**LINK, "caption": ""}),
    ("image", {"link": "https://example.com/" + "x" * 2028}),
    ("video", {**LINK, "caption": "x" * 1024}),
    ("audio", {**LINK, "voice": True}),
    ("document", {**LINK, "caption": "x" * 1024, "filename": "a.pdf"}),
    ("sticker", LINK),
    ("location", PLACE),
    ("location", {"latitude": "-90", "longitude": "180", "name": "Pole", "address": "Ice 1"}),
    ("location", {"latitude": 90, "longitude": -180.0}),
    ("contacts", [NAMED]),
    ("contacts", [NAMED] * 257),
    ("contacts", [{**NAMED, "birthday": "2012-08-18", "org": {"company": "C", "department": "D", "title": "T"}}]),
    ("contacts", [{**NAMED, "phones": [{"phone": "+1 555", "type": "Home", "wa_id": "1555"}, {}]}]),
    ("contacts", [{**NAMED, "emails": [{"email": "a@example.com", "type": "WORK"}], "urls": [{"url": "example.com"}]}]),
    ("contacts", [{**NAMED, "addresses": [{"street": "S", "city": "C", "zip": "Z", "country_code": "us"}]}]),
]


@pytest.mark.parametrize(("type_", "value"), GOOD)
async def test_within_the_limits_it_goes_and_the_recipient_gets_it(world, type_, value):
    message = accepted(world, request_of(type_, value))
    assert message.content["type"] == type_
    assert message.failure is None
    kept = message.content[type_]
    if type_ != "location":
        assert kept == value


async def test_coordinates_are_kept_as_numbers(world):
    kept = accepted(world, request_of("location", {"latitude": "1.5", "longitude": 2})).content["location"]
    assert kept == {"latitude": 1.5, "longitude": 2}


EITHER = "Either one of media ID or link must be present"
BAD = [
    ("image", {}, 100, EITHER),
    ("image", {"id": "1", **LINK}, 100, EITHER),
    ("image", {"id": None, "link": ""}, 100, "The parameter image['link'] is required."),
    ("image", {"link": "ftp://example.com/a"}, 100, "Param image['link'] is not a valid URL."),
    ("image", {"link": "https://"}, 100, "Param image['link'] is not a valid URL."),
    ("image", {"link": "https://example.com/a b"}, 100, "Param image['link'] is not a valid URL."),
    ("image", {"link": "https://example.com/" + "x" * 2029}, 100, "must be at most 2048 characters long."),
    ("image", {**LINK, "caption": "x" * 1025}, 100, "Param image['caption'] must be at most 1024 characters long."),
    ("image", {**LINK, "caption": 5}, 100, "Param image['caption'] must be a string."),
    ("image", {**LINK, "filename": "a.png"}, 100, 'Unexpected key "filename" on param "image".'),
    ("image", {"id": "404"}, 100, "image['id'] is not a valid whatsapp business account media attachment ID"),
    ("image", {"id": 404}, 100, "Param image['id'] must be a string."),
    ("image", [LINK], 100, "Param image must be a JSON object."),
    ("video", {**LINK, "caption": "x" * 1025}, 100, "Param video['caption'] must be at most 1024 characters long."),
    ("audio", {**LINK, "caption": "x"}, 100, 'Unexpected key "caption" on param "audio".'),
    ("audio", {**LINK, "voice": 1}, 100, "Param audio['voice'] must be a boolean."),
    ("document", {**LINK, "caption": "x" * 1025}, 100, "Param document['caption'] must be at most 1024"),
    ("sticker", {**LINK, "caption": "x"}, 100, 'Unexpected key "caption" on param "sticker".'),
    ("location", {"latitude": 1}, 100, "The parameter location['longitude'] is required."),
    ("location", {"latitude": 90.1, "longitude": 0}, 100, "must be a number between -90 and 90."),
    ("location", {"latitude": 0, "longitude": -180.1}, 100, "must be a number between -180 and 180."),
    ("location", {"latitude": "north", "longitude": 0}, 100, "Param location['latitude'] must be a number."),
    ("location", {"latitude": "nan", "longitude": 0}, 100, "must be a number between"),
    ("location", {"latitude": True, "longitude": 0}, 100, "must be a number."),
    ("location", {**PLACE, "url": "https://example.com"}, 100, 'Unexpected key "url" on param "location".'),
    ("contacts", [], 100, "The parameter contacts is required."),
    ("contacts", {}, 100, "Param contacts must be an array."),
    ("contacts", ["Ann"], 100, "Param contacts[0] must be a JSON object."),
    ("contacts", [NAMED] * 258, 100, "Param contacts must have at most 257 elements."),
    ("contacts", [{}], 100, "The parameter contacts[0]['name'] is required."),
    ("contacts", [{"name": {"first_name": "Ann"}}], 100, "contacts[0]['name']['formatted_name'] is required."),
    ("contacts", [{"name": {"formatted_name": "Ann"}}], 131009, "At least one of the optional name parameters"),
    ("contacts", [{**NAMED, "birthday": "18.8.2012"}], 100, "must be a date of the form YYYY-MM-DD."),
    ("contacts", [{**NAMED, "phones": [{"phone": 5}]}], 100, "contacts[0]['phones'][0]['phone'] must be a string."),
    ("contacts", [NAMED, {**NAMED, "age": 5}], 100, 'Unexpected key "age" on param "contacts[1]".'),
    ("reaction", {"emoji": "🙂"}, 100, "The parameter reaction['message_id'] is required."),
    ("reaction", {"message_id": "wamid.x"}, 100, "The parameter reaction['emoji'] is required."),
    ("reaction", {"message_id": "5", "emoji": "🙂"}, 131009, "Invalid message_id"),
    ("reaction", {"message_id": "wamid.x", "emoji": "good"}, 131009, "must be an emoji."),
    ("reaction", {"message_id": "wamid.x", "emoji": "🙂" * 65}, 100, "must be at most 64 characters long."),
]


@pytest.mark.parametrize(("type_", "value", "code", "said"), BAD)
async def test_beyond_the_limits_it_is_refused_in_metas_words(world, type_, value, code, said):
    error = refusal(world, request_of(type_, value))
    assert (error.code, error.http) == (code, 400)
    assert said in words(error)


def reaction(wamid: str, emoji: str = "🙂", **changes: object) -> dict:
    return request_of("reaction", {"message_id": wamid, "emoji": emoji}, **changes)


async def test_reactions_to_messages_of_both_sides_go_and_can_be_taken_back(world):
    written = world.phones.write(world.store.people[ANN], world.store.numbers["3"], "hello")
    sent = accepted(world, request_of("text", {"body": "hi"}))
    for target in (written, sent):
        assert accepted(world, reaction(target.wamid)).failure is None
        assert accepted(world, reaction(target.wamid, "")).content["reaction"]["emoji"] == ""


async def test_what_cannot_be_reacted_to_is_accepted_and_fails_later(world, clock):
    sent = accepted(world, request_of("text", {"body": "hi"}))
    first = accepted(world, reaction(sent.wamid))
    assert accepted(world, reaction(first.wamid)).failure == 131009
    assert accepted(world, reaction("wamid.unknown")).failure == 131009
    assert accepted(world, reaction(sent.wamid, to=f"+{BOB}")).failure == 131009
    clock.advance(30 * DAY_S)
    assert accepted(world, reaction(sent.wamid)).failure is None
    clock.advance(1)
    assert accepted(world, reaction(sent.wamid)).failure == 131009


@pytest.mark.parametrize("type_", ["interactive", "template", "pin"])
async def test_the_object_has_the_name_of_its_type(world, type_):
    request = request_of(type_, {})
    request[f"{type_}s"] = request.pop(type_)
    assert refusal(world, request).code == 100


async def test_each_type_can_be_a_reply(world):
    assert post(world, request_of("image", LINK, context={"message_id": "wamid.x"}))["messages"]


def media_of(world: World, mime_type: str, content: bytes, phone_number_id: str = NUMBER) -> dict:
    return {"id": world.media.keep(phone_number_id, mime_type, content).id}


async def test_media_that_the_number_has_uploaded_goes_by_its_id(world):
    for sample, kind, mime_type in (
        ("photo.jpg", "image", "image/jpeg"),
        ("clip.mp4", "video", "video/mp4"),
        ("voice-note.ogg", "audio", "audio/ogg"),
        ("brochure.pdf", "document", "application/pdf"),
        ("sticker.webp", "sticker", "image/webp"),
    ):
        given = media_of(world, mime_type, (SAMPLES / sample).read_bytes())
        message = accepted(world, request_of(kind, given))
        assert (message.failure, message.content[kind]) == (None, given)


async def test_media_of_the_wrong_kind_is_accepted_and_fails_later(world):
    picture = media_of(world, "image/jpeg", (SAMPLES / "photo.jpg").read_bytes())
    for kind in ("audio", "video", "sticker"):
        message = accepted(world, request_of(kind, picture))
        assert message.failure == 131053
        assert message.failure_details.startswith(f"Unsupported {kind.capitalize()} mime type image/jpeg.")
    button = {"type": "button", "body": {"text": "x"}, "header": {"type": "video", "video": picture}}
    button["action"] = {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "One"}}]}
    assert accepted(world, request_of("interactive", button)).failure == 131053


async def test_media_of_another_number_or_expired_is_unknown(world, clock):
    world.store.put(Number("4", WABA, "+1 555 010 0009", "Other"))
    foreign = media_of(world, "image/jpeg", (SAMPLES / "photo.jpg").read_bytes(), "4")
    own = media_of(world, "image/jpeg", (SAMPLES / "photo.jpg").read_bytes())
    said = "Param image['id'] is not a valid whatsapp business account media attachment ID"
    assert refusal(world, request_of("image", foreign)).message == f"(#100) {said}"
    assert accepted(world, request_of("image", own)).failure is None
    clock.advance(30 * DAY_S)
    assert refusal(world, request_of("image", own)).message == f"(#100) {said}"
