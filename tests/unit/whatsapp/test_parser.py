"""What each situation's payload becomes, and that nothing whatever makes the parser raise."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.schemas.events import (
    WHOLE_BODY,
    Change,
    MessageReceived,
    Sender,
    StatusChanged,
    StatusError,
    Told,
    Unreadable,
    Unrecognised,
)
from server.whatsapp.parser import parse

PAYLOADS = Path(__file__).parent / "payloads"
NUMBER = "800000000000001"
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADA = Sender("15550142", name="Ada Example")
ANSWERED = {"from": "15550100", "id": "wamid.out.0"}


def received(
    kind: str,
    content: dict[str, Any],
    *,
    sender: Sender = ADA,
    wamid: str = "",
    reply_to: str | None = None,
    became: Sender | None = None,
):
    return MessageReceived(NUMBER, wamid or f"wamid.in.{kind}", sender, AT, kind, content, reply_to, became)


def changed(name: str, *, wamid: str = "wamid.out.1", recipient: str | None = "15550142", **more: Any):
    return StatusChanged(NUMBER, wamid, name, AT, recipient, **more)


def media(last_digit: int, mime_type: str, **more: Any) -> dict[str, Any]:
    return {"id": f"40000000000000{last_digit}", "mime_type": mime_type, "sha256": "c2hh", **more}


CY = Sender(None, "US.1234567890", "US.ENT.777", "Cy")
EXPECTED: dict[str, list[Any]] = {
    "text": [received("text", {"body": "Good morning"})],
    "text_answering_ours": [received("text", {"body": "Yes", "context": ANSWERED}, reply_to="wamid.out.0")],
    "text_forwarded": [received("text", {"body": "Look", "context": {"forwarded": True}})],
    "text_from_an_advertisement": [
        received(
            "text",
            {
                "body": "How much?",
                "referral": {
                    "source_url": "https://ads.example/1",
                    "source_id": "600000000000001",
                    "source_type": "ad",
                    "headline": "Chairs",
                    "ctwa_clid": "clid-1",
                },
            },
        )
    ],
    "text_about_a_product": [
        received(
            "text",
            {
                "body": "Is it blue?",
                "context": {
                    **ANSWERED,
                    "referred_product": {"catalog_id": "500000000000001", "product_retailer_id": "chair-7"},
                },
            },
            reply_to="wamid.out.0",
        )
    ],
    "text_in_a_group": [received("text", {"body": "Hello all", "group_id": "group-1"})],
    "image": [received("image", media(1, "image/jpeg", caption="My chair"))],
    "video": [received("video", media(2, "video/mp4"))],
    "document": [received("document", media(3, "application/pdf", filename="bill.pdf"))],
    "sticker_animated": [received("sticker", media(4, "image/webp", animated=True))],
    "audio_voice_with_url": [
        received("audio", media(5, "audio/ogg; codecs=opus", voice=True, url="https://media.example/5"))
    ],
    "location": [received("location", {"latitude": 52.5, "longitude": 13.4, "name": "Square"})],
    "location_without_a_type": [received("location", {"latitude": 1.5, "longitude": 2.5}, wamid="wamid.in.untyped")],
    "contacts_shared_on_request": [
        received(
            "contacts",
            {
                "contacts": [{"name": {"formatted_name": "Bo"}, "phones": [{"phone": "+1 555 0143"}]}],
                "origin": "contact_request",
            },
        )
    ],
    "reaction": [received("reaction", {"message_id": "wamid.out.0", "emoji": "👍"})],
    "reaction_removed": [received("reaction", {"message_id": "wamid.out.0"})],
    "button_reply": [
        received(
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}, "context": ANSWERED},
            reply_to="wamid.out.0",
        )
    ],
    "list_reply": [
        received(
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "3", "title": "Three", "description": "The third"}},
        )
    ],
    "flow_reply": [
        received(
            "interactive",
            {
                "type": "nfm_reply",
                "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"flow_token":"t"}'},
            },
        )
    ],
    "call_permission_reply": [
        received(
            "interactive",
            {
                "type": "call_permission_reply",
                "call_permission_reply": {
                    "response": "accept",
                    "expiration_timestamp": 1772539200,
                    "response_source": "user_action",
                },
            },
        )
    ],
    "template_quick_reply": [
        received("button", {"text": "Stop", "payload": "stop", "context": ANSWERED}, reply_to="wamid.out.0")
    ],
    "order": [
        received(
            "order",
            {
                "catalog_id": "500000000000001",
                "text": "Soon please",
                "product_items": [
                    {"product_retailer_id": "chair-7", "quantity": 2, "item_price": 49.9, "currency": "EUR"}
                ],
            },
        )
    ],
    "person_changed_number": [
        received(
            "system",
            {"body": "Ada changed from 15550142 to 15550147", "wa_id": "15550147", "type": "user_changed_number"},
            sender=Sender("15550142"),
            became=Sender("15550147"),
        )
    ],
    "person_changed_user_id": [
        received(
            "system",
            {"body": "Ada changed", "user_id": "US.9", "type": "user_changed_user_id"},
            sender=Sender("15550142"),
            became=Sender(None, "US.9"),
        )
    ],
    "edit": [
        received(
            "edit",
            {
                "original_message_id": "wamid.in.text",
                "message": {"type": "text", "text": {"body": "Good evening"}},
            },
        )
    ],
    "revoke": [received("revoke", {"original_message_id": "wamid.in.text"})],
    "unsupported": [
        received("unsupported", {"type": "poll", "errors": [{"code": 131051, "title": "Message type unknown"}]})
    ],
    "a_type_of_the_future": [received("hologram", {"id": "400000000000009", "spin": 0.5})],
    "interactive_that_meta_could_not_give": [
        received("interactive", {"errors": [{"code": 131000, "title": "Something went wrong"}]})
    ],
    "person_without_a_phone_number": [received("text", {"body": "Hi"}, sender=CY, wamid="wamid.in.bsuid")],
    "user_id_only_beside_the_message": [
        received("text", {"body": "Hi"}, sender=Sender(None, "US.1234567890", None, "Cy"), wamid="wamid.in.beside")
    ],
    "user_id_where_the_phone_number_was": [
        received("text", {"body": "Hi"}, sender=Sender(None, "US.1234567890", None, None))
    ],
    "several_people_in_one_body": [
        received("text", {"body": "1"}, sender=Sender("15550143", name="Bo Example"), wamid="wamid.in.b"),
        received("text", {"body": "2"}, wamid="wamid.in.a"),
        received("text", {"body": "3"}, sender=Sender("15550144"), wamid="wamid.in.c"),
    ],
    "ids_and_times_as_numbers": [received("text", {"body": "Hi"}, sender=Sender("15550142"), wamid="wamid.in.numbers")],
    "status_sent": [
        changed(
            "sent",
            opaque_id="t1.0.1.mac",
            pricing={
                "billable": True,
                "pricing_model": "PMP",
                "type": "regular",
                "category": "authentication-international",
            },
        )
    ],
    "status_delivered": [changed("delivered")],
    "status_read_without_a_phone_number": [
        changed("read", recipient="US.1234567890", person=Sender(None, "US.1234567890"))
    ],
    "status_played": [changed("played")],
    "status_failed": [
        changed("failed", error=StatusError(131047, "Re-engagement message", "More than 24 hours")),
    ],
    "status_failed_without_a_reason": [changed("failed", error=StatusError(0, "Meta gave no reason"))],
    "status_of_a_group_participant": [changed("delivered", recipient="15550143")],
    "status_warning": [("Noticed", NUMBER, {"about": "status", "value": "warning", "subject": "wamid.out.1"})],
    "messages_and_statuses_together": [changed("sent", recipient=None), received("text", {"body": "Hi"})],
    "account_problem_without_messages": [
        ("NumberChanged", NUMBER, {"fact": "problem", "value": "131031"}),
    ],
    "neither_messages_nor_statuses": [
        Unrecognised("messages", "neither messages nor statuses, and no errors either", NUMBER)
    ],
    "a_field_of_templates": [Unrecognised("message_template_status_update", "the change names no template")],
    "a_field_of_calls": [("Noticed", NUMBER, {"about": "call"})],
    "two_entries": [
        changed("sent", recipient=None),
        ("Noticed", "2", {"about": "flow"}),
        changed("sent", wamid="wamid.out.2", recipient=None),
    ],
    "nothing_in_it": [],
}


def test_every_payload_has_its_expectation() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("situation", EXPECTED)
def test_a_payload_becomes_its_events(situation: str) -> None:
    payload = json.loads((PAYLOADS / f"{situation}.json").read_text("utf-8"))
    # As it stands, and as Meta writes it: without spaces, non-ASCII and slashes escaped.
    for raw in (
        json.dumps(payload, ensure_ascii=False),
        json.dumps(payload, separators=(",", ":")).replace("/", "\\/"),
    ):
        changes = parse(raw.encode())
        assert [shown(event) for change in changes for event in change.events] == EXPECTED[situation]
        assert [change.index for change in changes] == list(range(len(changes)))


OF_ALL = {"place", "key", "content", "at"}


def shown(event: Any) -> Any:
    """What has no wamid as its name, whose it is, and what of it is more than all such events have."""
    if not isinstance(event, Told):
        return event
    more = {name: getattr(event, name) for name in event.__struct_fields__ if name not in OF_ALL}
    owner = event.place.number or event.place.account
    return type(event).__name__, owner, {name: value for name, value in more.items() if value not in (None, ())}


def one(message: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **value: Any) -> bytes:
    items = {"messages": [message]} if message is not None else {"statuses": [status]}
    full = {"metadata": {"phone_number_id": NUMBER}, **items, **value}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": full}]}]}).encode()


TEXT = {"from": "15550142", "id": "wamid.1", "timestamp": "1772452800", "type": "text", "text": {"body": "Hi"}}
STATUS = {"id": "wamid.1", "status": "sent", "timestamp": "1772452800"}


def only(raw: bytes) -> Any:
    (change,) = parse(raw)
    (event,) = change.events
    return event


@pytest.mark.parametrize(
    "timestamp",
    [
        *(None, "", "soon", "-1", "0", "1", "99999999999", "9" * 12, "9" * 5000, "1772452800.5", "٣٣٣"),
        *(1e300, -5, 2**70, True, [], {}, 1772452800000, "1772452800000"),
    ],
)
def test_an_absurd_time_is_unrecognised(timestamp: Any) -> None:
    assert only(one({**TEXT, "timestamp": timestamp})).reason == "the message has no usable timestamp"
    assert only(one(status={**STATUS, "timestamp": timestamp})).reason == "the status has no usable timestamp"


@pytest.mark.parametrize("name", [None, "", 1.5, True, [], {}, "x" * 513, "é" * 300, "a\nb", "a\x00", "\ud800"])
def test_an_unusable_wamid_is_unrecognised(name: Any) -> None:
    assert only(one({**TEXT, "id": name})).reason == "the message has no usable id"
    assert only(one(status={**STATUS, "id": name})).reason == "the status has no usable id"


@pytest.mark.parametrize("wrote", [None, "", True, 1.5, [], {}, "+", "\x00", "x" * 300])
def test_a_message_that_nobody_wrote_is_unrecognised(wrote: Any) -> None:
    assert only(one({**TEXT, "from": wrote})).reason == "the message names no sender"


@pytest.mark.parametrize("kind", ["", 1.5, True, [], {}, "x" * 65, "te\x00xt"])
def test_an_unusable_type_is_unrecognised(kind: Any) -> None:
    assert only(one({**TEXT, "type": kind})).reason == "the message has no usable type"


@pytest.mark.parametrize("metadata", [None, [], "x", {}, {"phone_number_id": None}, {"phone_number_id": "x" * 129}])
def test_a_change_without_a_number_is_unrecognised(metadata: Any) -> None:
    assert only(one(TEXT, metadata=metadata)).reason == "the change has no metadata.phone_number_id"


@pytest.mark.parametrize("content", ["a string", ["a", "list"], 7, True, None, {"deep": [[[{"x": 1}]]]}])
def test_content_of_any_shape_is_carried(content: Any) -> None:
    event = only(one({**TEXT, "text": content}))
    expected = {} if content is None else content if isinstance(content, dict) else {"text": content}
    assert event.content == expected


def test_what_jsonb_refuses_is_replaced_everywhere() -> None:
    event = only(
        one(
            {
                **TEXT,
                "text": {"b\x00dy": ["\ud800", "\udfff x", "😀"], "big": 10**40, "n": 1},
                "context": {"a": "\x00"},
            },
            contacts=[{"profile": {"name": "A\x00\ud800"}, "wa_id": "15550142"}],
        )
    )
    assert event.content == {"b�dy": ["�", "� x", "😀"], "big": str(10**40), "n": 1, "context": {"a": "�"}}
    assert event.sender.name == "A��"


def test_numbers_that_are_not_finite_become_null_and_depth_is_bounded() -> None:
    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]
    raw = one({**TEXT, "text": {"x": "MARK", "deep": deep}}).replace(b'"MARK"', b"[NaN, Infinity, -1e999, 1e5]")
    content = only(raw).content
    assert content["x"] == [None, None, None, 100_000.0]
    levels, value = 0, content["deep"]
    while value:
        levels, value = levels + 1, value[0]
    assert 32 <= levels <= 64


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\x00" * 4096, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        ('{"entry":[]}'.encode("utf-16"), "not JSON"),
    ],
)
def test_a_body_that_is_not_json_is_unreadable(raw: bytes, reason: str) -> None:
    (change,) = parse(raw)
    assert change.index == WHOLE_BODY
    (event,) = change.events
    assert isinstance(event, Unreadable)
    assert reason in event.reason


def test_a_byte_order_mark_and_broken_utf8_are_read() -> None:
    assert isinstance(only(b"\xef\xbb\xbf" + one(TEXT)), MessageReceived)
    assert only(one(TEXT).replace(b"Hi", b"H\xff")).content == {"body": "H�"}


@pytest.mark.parametrize("raw", [b"[]", b"null", b'""', b"1", b"1e400", b"NaN", b"9" * 5000, b"{}", b'{"entry": 1}'])
def test_json_that_is_no_webhook_is_unrecognised(raw: bytes) -> None:
    assert parse(raw) == [Change(WHOLE_BODY, (Unrecognised("", "the body has no list `entry`"),))]


def test_the_last_of_doubled_names_counts_and_extra_fields_do_no_harm() -> None:
    raw = one({**TEXT, "__proto__": {"x": 1}, "new": []}).replace(b'"Hi"', b'"Ho", "body": "Hi"')
    assert only(raw) == MessageReceived(NUMBER, "wamid.1", Sender("15550142"), AT, "text", {"body": "Hi"})


def test_what_is_not_of_the_form_counts_as_a_change_so_that_it_is_seen() -> None:
    changes = parse(b'{"entry": [1, {"changes": null}, {"changes": [null, {"field": 5}, {"field": "messages"}]}, []]}')
    assert [change.index for change in changes] == list(range(6))
    assert all(isinstance(event, Unrecognised) for change in changes for event in change.events)


# ---- whatever it is given


@dataclass(frozen=True)
class Shape:
    """Where a wild value is put into a good payload."""

    path: tuple[str | int, ...] = field(default_factory=tuple)

    def put(self, value: Any) -> Any:
        payload = json.loads((PAYLOADS / "messages_and_statuses_together.json").read_text("utf-8"))
        here = payload
        for step in self.path[:-1]:
            here = here[step]
        here[self.path[-1]] = value
        return payload


VALUE = ("entry", 0, "changes", 0, "value")
PATHS = [
    ("object",),
    ("entry",),
    ("entry", 0),
    ("entry", 0, "id"),
    ("entry", 0, "changes"),
    ("entry", 0, "changes", 0),
    ("entry", 0, "changes", 0, "field"),
    VALUE,
    (*VALUE, "metadata"),
    (*VALUE, "metadata", "phone_number_id"),
    (*VALUE, "contacts"),
    (*VALUE, "contacts", 0),
    (*VALUE, "contacts", 0, "wa_id"),
    (*VALUE, "contacts", 0, "user_id"),
    (*VALUE, "contacts", 0, "profile"),
    (*VALUE, "contacts", 0, "profile", "name"),
    (*VALUE, "messages"),
    *[
        (*VALUE, "messages", 0, name)
        for name in ("from", "from_user_id", "id", "timestamp", "type", "text", "context", "errors", "referral")
    ],
    (*VALUE, "messages", 0),
    (*VALUE, "statuses"),
    (*VALUE, "statuses", 0),
    *[
        (*VALUE, "statuses", 0, name)
        for name in ("id", "status", "timestamp", "recipient_id", "biz_opaque_callback_data", "errors", "pricing")
    ],
    (*VALUE, "errors"),
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def storable(changes: list[Change]) -> None:
    """PostgreSQL takes every text of it."""
    for change in changes:
        text = msgspec.json.encode(change).decode()
        assert "\\u0000" not in text


@pytest.mark.proves("S4")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("wrong", [None, True, 0, -1, 1.5, 10**30, "", "\x00", "\ud800", "x" * 10_000, [], [[]], {}])
def test_a_wrong_type_in_any_place_never_raises(path: tuple[str | int, ...], wrong: Any) -> None:
    storable(parse(json.dumps(Shape(path).put(wrong)).encode()))


@given(path=st.sampled_from(PATHS), value=anything)
def test_any_value_in_any_place_never_raises(path: tuple[str | int, ...], value: Any) -> None:
    storable(parse(json.dumps(Shape(path).put(value)).encode()))


@pytest.mark.proves("S4")
@given(anything)
def test_any_json_never_raises(value: Any) -> None:
    storable(parse(json.dumps(value).encode()))


@pytest.mark.proves("S4")
@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf")
@example(b'"\\ud800"')
@example(b"-")
def test_any_bytes_never_raise(raw: bytes) -> None:
    storable(parse(raw))


@pytest.mark.proves("S4")
@given(st.data())
def test_any_cut_or_change_of_a_good_body_never_raises(data: st.DataObject) -> None:
    raw = bytearray((PAYLOADS / "messages_and_statuses_together.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    storable(parse(bytes(raw[: data.draw(st.integers(0, len(raw)))])))


@given(st.text(st.characters(codec=None), max_size=200))
def test_a_text_arrives_as_it_was_written_but_for_what_cannot_be_stored(words: str) -> None:
    event = only(one({**TEXT, "text": {"body": words}}))
    # JSON joins escaped surrogate pairs; what is left alone cannot be stored.
    joined = words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert len(event.content["body"]) == len(joined)
    if words.isascii() and "\x00" not in words:
        assert event.content["body"] == words
