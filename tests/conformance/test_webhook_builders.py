"""Every webhook that the simulator builds, held against Meta's OpenAPI, samples of Meta's, and the product's parser.

The reference material is read where it lies (see test_simulator_shapes.py); without it only the parser is asked.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml

from server.schemas.events import MessageReceived, Noticed, NumberChanged, StatusChanged, Unreadable, Unrecognised
from server.whatsapp.parser import parse
from simulator.conversations import Message
from simulator.payloads import messages, statuses
from simulator.payloads.fields import FIELDS as BUILDERS
from simulator.payloads.fields import WITHOUT_PAYLOAD
from simulator.payloads.messages import AnyContent, ErrorsOnly, Referral
from simulator.payloads.parts import Scene
from simulator.state import Number, Person, Waba
from simulator.webhooks.updates import Update, encode_change, envelope
from tests.conformance.webhook_examples import CONTENTS, FIELDS, PRODUCT, REFERRAL, STATUSES

WABA = Waba("200000000000002", "Shop", "900000000000001")
NUMBER = Number("300000000000003", "200000000000002", "+1 555 010 0000", "Shop")
ANN = Person("15550100001", "Ann")
HIDDEN = Person("15550100001", "Ann", username="ann", hides_phone=True, parent_bsuid="US.ENT.1")
SCENE = Scene(WABA, NUMBER, 1_790_000_000.0)
OLD = Scene(WABA, NUMBER, 1_790_000_000.0, old=True)

# --- the reference material -------------------------------------------------------------------------------------


def reference() -> Path:
    named = os.environ.get("TREEEX_META_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "meta"
    if not (folder / "corpus" / "INDEX.tsv").is_file():
        pytest.skip(f"no samples of Meta's payloads in {folder}; set TREEEX_META_REFERENCE to their folder")
    return folder


@cache
def index() -> list[tuple[Path, str]]:
    """Each sample of a webhook with its subtype."""
    corpus = reference() / "corpus"
    rows = [line.split("\t") for line in (corpus / "INDEX.tsv").read_text().splitlines()[1:]]
    return [(corpus / row[0], row[-1]) for row in rows if row[1] == "webhooks"]


@cache
def changes_of(subtype: str) -> list[dict]:
    payloads = [json.loads(path.read_text()) for path, its in index() if its == subtype]
    return [change for payload in payloads for entry in payload["entry"] for change in entry["changes"]]


def places(value: object, prefix: str = "") -> dict[str, str]:
    """Every place in a payload with the kind of value found there."""
    if isinstance(value, dict):
        found = {prefix or ".": "object"}
        for key, inner in value.items():
            found |= places(inner, f"{prefix}.{key}" if prefix else key)
        return found
    if isinstance(value, list):
        found = {prefix: "array"}
        for inner in value:
            found |= places(inner, f"{prefix}[]")
        return found
    kind = type(value).__name__
    return {prefix: "number" if kind in ("int", "float") else kind}


def last(place: str) -> str:
    return place.replace("[]", "").rsplit(".", 1)[-1]


def strangers(ours: dict, samples: list[dict], allowed: set[str]) -> list[str]:
    """Places, or kinds of values, of our change that no sample has."""
    known: dict[str, set[str]] = {}
    for sample in samples:
        for place, kind in places(sample).items():
            known.setdefault(place, set()).add(kind)
    return [
        f"{place}: {kind}"
        for place, kind in places(ours).items()
        if kind not in known.get(place, set()) and not ({last(place), *place.replace("[]", "").split(".")} & allowed)
    ]


def missing(ours: dict, samples: list[dict], allowed: set[str]) -> list[str]:
    """Places that every sample has and our change has not."""
    everywhere = set.intersection(*({*places(sample)} for sample in samples))
    return [place for place in sorted(everywhere - {*places(ours)}) if last(place) not in allowed]


# --- what is built ----------------------------------------------------------------------------------------------


def inbound(name: str, person: Person = ANN, **around: Any) -> dict:
    content = msgspec.convert(CONTENTS[name], AnyContent)
    message = Message("wamid.B", "person", NUMBER.id, person.id, 1_790_000_000.0, content.as_json(), **around)
    return messages.inbound(message, person, NUMBER, WABA)


def status(name: str, person: Person | None = ANN, scene: Scene = SCENE, **about: Any) -> dict:
    content = {"type": "text", "text": {"body": "Hello"}}
    message = Message("wamid.B", "business", NUMBER.id, ANN.id, 1_790_000_000.0, content, opaque="x", **about)
    return value_of([statuses.Told(message, name, person)], scene)


def value_of(told: list[statuses.Told], scene: Scene = SCENE) -> dict:
    return json.loads(statuses.value(told, scene))


def told(field: str, variant: str, scene: Scene = SCENE) -> dict:
    return msgspec.convert(FIELDS[field, variant], BUILDERS[field]).payload(scene)


def as_sent(field: str, value: dict, time: int | None = None) -> bytes:
    return envelope([Update(1, WABA.id, encode_change(field, value), time)])


def change(field: str, value: dict) -> dict:
    return {"value": value, "field": field}


# Statuses of old versions, which applications see as they are.
OF_OLDER_VERSIONS = ("deleted", "warning")

# --- the parser of the product ----------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [ANN, HIDDEN], ids=["phone", "user id"])
@pytest.mark.parametrize("name", CONTENTS)
def test_the_parser_reads_every_message(name, person):
    (parsed,) = parse(as_sent("messages", inbound(name, person)))
    (event,) = parsed.events
    assert isinstance(event, MessageReceived)
    assert event.type == CONTENTS[name]["type"]
    assert (event.sender.wa_id is None) is person.hides_phone


@pytest.mark.parametrize("person", [ANN, HIDDEN], ids=["phone", "user id"])
@pytest.mark.parametrize("name", STATUSES)
def test_the_parser_reads_every_status(name, person):
    (parsed,) = parse(as_sent("messages", status(name, person)))
    (event,) = parsed.events
    if name in OF_OLDER_VERSIONS:
        assert isinstance(event, Noticed)
        assert (event.about, event.value) == ("status", name)
    else:
        assert isinstance(event, StatusChanged)
        assert (event.status, event.opaque_id) == (name, "x")


@pytest.mark.parametrize(("field", "variant"), FIELDS)
def test_the_parser_stumbles_over_no_other_field(field, variant):
    (parsed,) = parse(as_sent(field, told(field, variant), 1_790_000_000))
    assert parsed.events
    assert not any(isinstance(event, Unreadable | Unrecognised) for event in parsed.events)


def test_the_parser_reads_a_value_of_errors_alone():
    value = ErrorsOnly(errors=[messages.Error(code=131000)]).payload(SCENE)
    (parsed,) = parse(as_sent("messages", value))
    (event,) = parsed.events
    assert isinstance(event, NumberChanged)
    assert (event.fact, event.value) == ("problem", "131000")


# --- samples of Meta's ------------------------------------------------------------------------------------------

# Keys of Meta's pages that no sample of that kind has, and those that our example leaves out.
OF_2026 = {"from_user_id", "user_id", "parent_user_id", "username"}
WINDOWS = {"conversation", "expiration_timestamp", "origin"}
SAMPLED = {
    "messages:text": ("text", set()),
    "messages:image": ("image", {"image"}),
    "messages:video": ("video", {"context", "forwarded"}),
    "messages:audio": ("audio", set()),
    "messages:document": ("document", {"caption"}),
    "messages:sticker": ("sticker", set()),
    "messages:location": ("location", {"name", "address"}),
    "messages:contacts": ("contacts", set()),
    "messages:reaction": ("reaction", set()),
    "messages:interactive.button_reply": ("interactive.button_reply", set()),
    "messages:interactive.list_reply": ("interactive.list_reply", set()),
    "messages:interactive.call_permission_reply": (
        "interactive.call_permission_reply",
        {"expiration_timestamp", "is_permanent", "context", "from", "id"},
    ),
    "messages:button": ("button", {"context", "id", "from"}),
    "messages:order": ("order", set()),
    "messages:system.user_changed_number": ("system.user_changed_number", set()),
    "messages:system.user_changed_user_id": ("system.user_changed_user_id", set()),
    "messages:edit": ("edit", {"context", "id", "url"}),
    "messages:revoke": ("revoke", set()),
    "messages:unsupported": ("unsupported+type", set()),
}
ABSENT_BY_CHOICE = {
    "parent_user_id": "only people of linked portfolios have parents",
    "from_parent_user_id": "the same",
    "username": "only people who chose one have it",
}
EXTRA = {
    "account_update:PARTNER_REMOVED": {"disconnection_info"},
    "business_username_update": {"username"},
    "calls:call.connect": {"contacts", "from_user_id"},
    "calls:status.RINGING": {"contacts"},
    "group_lifecycle_update:group_create": {"description", "added_participants", "invite_link", "join_approval_mode"},
    "group_settings_update:group_settings_update": {"group_description", "group_subject", "profile_picture", "href"},
    "message_template_components_update": {
        "message_template_title",
        "message_template_footer",
        "message_template_buttons",
    },
    "message_template_status_update:APPROVED": {"reason", "message_template_category"},
    "message_template_status_update:REJECTED": {"message_template_category", "rejection_info"},
    "template_category_update": {"previous_category"},
    "user_preferences": {"parent_user_id"},
    "smb_message_echoes:echo.text": {"to_user_id", "to_parent_user_id", "parent_user_id"},
    "smb_message_echoes:echo.edit": {"parent_user_id"},
}
VARIANT = {
    "business_username_update": "approved",
    "template_category_update": "change",
    "user_preferences": "signup",
    "message_template_components_update": "",
}
# Samples that no builder makes, and why.
NOT_BUILT = {
    "": "a body without entries, for the router of a library",
    "automatic_events:some_future_event": "an invented event of a library's test",
    "unknown_field_xyz": "an invented field of a library's test",
    "messages:?|text;messages:reaction|sticker;user_preferences": "several changes; each of them is built by itself",
    "messages:reaction|text": "several messages; each of them is built by itself",
    "messages:text;user_preferences": "several changes; each of them is built by itself",
    "messages:interactive.None": "an interactive message whose payload Meta could not make, with errors beside it",
    "messages:text+referral": "text, with a referral; see below",
    "messages:unknown": "the type that `unsupported` replaced; it can be told raw",
}


def example_of(subtype: str) -> tuple[str, dict, set[str]]:
    """The change that we build for a subtype of the samples, and the keys in which it may differ."""
    if subtype in SAMPLED:
        name, extra = SAMPLED[subtype]
        return "messages", inbound(name), extra
    if subtype.startswith("messages:status."):
        return (
            "messages",
            status(subtype.rsplit(".", 1)[1], scene=OLD),
            {"recipient_user_id", "biz_opaque_callback_data"},
        )
    field, _, variant = subtype.partition(":")
    key = (field, variant or VARIANT.get(field, ""))
    assert key in FIELDS, f"{subtype} has no example, and NOT_BUILT gives no reason"
    return field, told(*key), EXTRA.get(subtype, set())


def subtypes() -> list[str]:
    try:
        return sorted({subtype for _, subtype in index()} - NOT_BUILT.keys())
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("subtype", subtypes())
def test_what_is_built_has_the_places_of_the_samples(subtype):
    field, value, extra = example_of(subtype)
    ours, theirs = change(field, value), changes_of(subtype)
    allowed = extra | OF_2026 | WINDOWS
    # An older sample has the price of another model, and texts where Meta's pages have numbers.
    lenient = allowed | {"type", "contacts"} if ":status." in subtype else allowed
    assert [one for one in strangers(ours, theirs, lenient) if not _of_old_sample(one, subtype)] == []
    assert missing(ours, theirs, allowed | ABSENT_BY_CHOICE.keys()) == []


def _of_old_sample(place: str, subtype: str) -> bool:
    return subtype == "messages:order" and last(place.split(":")[0]) in ("quantity", "item_price")


def test_every_kind_of_sample_has_a_builder_or_a_reason():
    known = {subtype for _, subtype in index()}
    without = [subtype for subtype in known - NOT_BUILT.keys() if example_of(subtype) is None]
    assert without == []
    assert NOT_BUILT.keys() <= known, "a reason for something that is no sample any more"


def test_a_referral_has_the_places_of_the_samples():
    referral = msgspec.to_builtins(msgspec.convert(REFERRAL, Referral))
    ours = change("messages", inbound("text", referral=referral))
    assert strangers(ours, changes_of("messages:text+referral"), OF_2026) == []


def test_a_product_inquiry_and_forwarding_are_in_the_context():
    asked = change("messages", inbound("text", reply_to="wamid.A", context={"referred_product": PRODUCT}))
    forwarded = change("messages", inbound("text", context={"forwarded": True}))
    theirs = changes_of("messages:text")
    assert strangers(asked, theirs, OF_2026) == strangers(forwarded, theirs, OF_2026) == []


@pytest.mark.parametrize(
    ("file", "build"),
    [
        ("bsuid_inbound_text_no_phone.json", lambda: inbound("text", HIDDEN)),
        ("bsuid_inbound_contacts_contact_request.json", lambda: inbound("contacts+origin", HIDDEN)),
        ("bsuid_status_delivered_no_phone.json", lambda: status("delivered", HIDDEN)),
    ],
)
def test_who_hides_their_phone_has_no_phone_anywhere(file, build):
    (sample,) = [path for path, _ in index() if path.name == file]
    theirs = json.loads(sample.read_text())["entry"][0]["changes"]
    ours = change("messages", build())
    parents = {"parent_user_id", "from_parent_user_id", "parent_recipient_user_id"}
    assert strangers(ours, theirs, {"biz_opaque_callback_data", *parents}) == []
    assert missing(ours, theirs, parents) == []
    assert ANN.id not in json.dumps({**ours["value"], "metadata": None}).replace(f"+{ANN.id}", "")


# --- Meta's OpenAPI ---------------------------------------------------------------------------------------------

COVERED = {
    "text": "TextMessage_2",
    "image": "ImageMessage_1",
    "video": "VideoMessage_1",
    "audio": "AudioMessage_1",
    "document": "DocumentMessage_1",
    "sticker": "StickerMessage_1",
    "location": "LocationMessage_1",
    "contacts": "ContactSharingMessage",
    "reaction": "ReactionMessage_1",
    "interactive.button_reply": "InteractiveMessageReply",
    "interactive.list_reply": "InteractiveMessageReply",
    "button": "ButtonMessage",
    "order": "OrderMessage",
    "system.user_changed_number": "SystemMessage",
    "unsupported": "UnsupportedMessage",
}


@cache
def schemas() -> dict[str, Any]:
    text = (reference() / "business-messaging-api_v23.0.yaml").read_text()
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["components"]["schemas"]


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """The file has some names twice; what webhooks are made of are the later ones, with a number."""
    text = json.dumps({"components": {"schemas": schemas()}}, default=str)
    for twice, ours in (("BaseMessageProperties", "BaseMessageProperties_1"), ("ErrorObject", "ErrorObject_2")):
        text = text.replace(f'schemas/{twice}"', f'schemas/{ours}"')
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/components/schemas/{name}", **json.loads(text)})


@pytest.mark.parametrize("name", COVERED)
def test_messages_are_valid_by_the_openapi(name):
    # A reply's context needs a product by the letter of the schema, so no context is given here.
    around = {"reply_to": "wamid.A"} if COVERED[name] in ("ButtonMessage", "InteractiveMessageReply") else {}
    (message,) = inbound(name, **around)["messages"]
    validator(COVERED[name]).validate(message)


@pytest.mark.parametrize("name", ["sent", "delivered", "read", "failed"])
@pytest.mark.parametrize("scene", [SCENE, OLD], ids=["v24", "v23"])
def test_statuses_are_valid_by_the_openapi(name, scene):
    validator("StatusMessageValue").validate(status(name, scene=scene))


def test_the_openapi_can_refuse():
    (message,) = inbound("text")["messages"]
    with pytest.raises(jsonschema_rs.ValidationError):
        validator("TextMessage_2").validate({**message, "text": {}})


# --- what neither covers ----------------------------------------------------------------------------------------

# Places in the value that Meta's pages give, for kinds without a sample.
BY_THE_PAGES = {
    ("account_alerts", ""): {"entity_type", "entity_id", "alert_info.alert_severity", "alert_info.alert_type"},
    ("account_update", "VOLUME_BASED_PRICING_TIER_UPDATE"): {"event", "volume_tier_info.tier"},
    ("account_update", "PARTNER_APP_INSTALLED"): {"waba_info.partner_app_id", "waba_info.owner_business_id"},
    ("business_capability_update", ""): {"max_daily_conversations_per_business", "max_phone_numbers_per_waba"},
    ("calls", "call.terminate"): {"calls[].status", "calls[].start_time", "calls[].end_time", "calls[].duration"},
    ("flows", "FLOW_STATUS_CHANGE"): {"event", "flow_id", "old_status", "new_status", "message"},
    ("flows", "ENDPOINT_LATENCY"): {"p50_latency", "p90_latency", "threshold", "alert_state", "requests_count"},
    ("group_participants_update", "group_participants_remove"): {
        "groups[].removed_participants[].wa_id",
        "groups[].failed_participants[].errors[].code",
        "groups[].initiated_by",
    },
    ("history", "chunk"): {
        "history[].metadata.phase",
        "history[].metadata.chunk_order",
        "history[].metadata.progress",
        "history[].threads[].id",
        "history[].threads[].messages[].history_context.status",
    },
    ("history", "declined"): {"history[].errors[].code"},
    ("partner_solutions", ""): {"event", "solution_id", "solution_status"},
    ("payment_configuration_update", ""): {"configuration_name", "provider_name", "provider_mid", "status"},
    ("phone_number_name_update", "REJECTED"): {
        "display_phone_number",
        "decision",
        "requested_verified_name",
        "rejection_reason",
    },
    ("phone_number_quality_update", "THROUGHPUT_UPGRADE"): {"display_phone_number", "event", "current_limit"},
    ("security", "PIN_RESET_REQUEST"): {"display_phone_number", "event", "requester"},
    ("smb_app_state_sync", ""): {
        "state_sync[].type",
        "state_sync[].contact.full_name",
        "state_sync[].contact.phone_number",
        "state_sync[].action",
        "state_sync[].metadata.timestamp",
    },
    ("user_preferences", "stop"): {"user_preferences[].detail", "user_preferences[].timestamp"},
    ("automatic_events", "Purchase"): {"automatic_events[].event_name", "automatic_events[].custom_data.value"},
}


@pytest.mark.parametrize(("field", "variant"), BY_THE_PAGES)
def test_what_is_built_has_the_places_of_metas_pages(field, variant):
    assert BY_THE_PAGES[field, variant] <= places(told(field, variant)).keys()


def test_every_field_has_an_example_and_every_variant_of_it():
    assert {field for field, _ in FIELDS} == BUILDERS.keys()
    assert not BUILDERS.keys() & set(WITHOUT_PAYLOAD)
    for field, type_ in BUILDERS.items():
        variants = [one for one in getattr(type_, "__args__", ()) if one.__struct_config__.tag]
        used = {type(msgspec.convert(arguments, type_)) for (its, _), arguments in FIELDS.items() if its == field}
        assert set(variants) <= used, field


# --- what depends on something ----------------------------------------------------------------------------------


def test_partner_events_are_told_to_the_portfolio_and_name_the_account():
    added = msgspec.convert(FIELDS["account_update", "PARTNER_ADDED"], BUILDERS["account_update"])
    assert added.entry_id(SCENE) == WABA.business_id
    assert added.payload(SCENE)["waba_info"]["waba_id"] == WABA.id
    banned = msgspec.convert(FIELDS["account_update", "DISABLED_UPDATE"], BUILDERS["account_update"])
    assert banned.entry_id(SCENE) == WABA.id


def test_only_old_subscriptions_have_conversations_and_the_limit_of_a_number():
    assert "conversation" not in status("sent")["statuses"][0]
    conversation = status("sent", scene=OLD)["statuses"][0]["conversation"]
    assert conversation.keys() == {"id", "expiration_timestamp", "origin"}
    assert status("delivered", scene=OLD)["statuses"][0]["conversation"].keys() == {"id", "origin"}
    assert told("business_capability_update", "", OLD)["max_daily_conversation_per_phone"] == 2000
    assert "max_daily_conversation_per_phone" not in told("business_capability_update", "")


def test_a_free_entry_point_has_a_conversation_in_every_version_and_costs_nothing():
    (sent,) = status("sent", free_entry_until=1_790_259_200.0)["statuses"]
    assert sent["conversation"]["origin"] == {"type": "referral_conversion"}
    assert sent["conversation"]["expiration_timestamp"] == "1790259200"
    assert (sent["pricing"]["billable"], sent["pricing"]["type"]) == (False, "free_entry_point")


@pytest.mark.parametrize(
    ("category", "billable", "origin"),
    [
        ("service", False, "service"),
        ("marketing", True, "marketing"),
        ("marketing_lite", True, "marketing_lite"),
        ("utility", True, "utility"),
        ("authentication", True, "authentication"),
        ("authentication-international", True, "authentication_international"),
    ],
)
def test_the_price_follows_the_category(category, billable, origin):
    (sent,) = status("sent", scene=OLD, category=category)["statuses"]
    assert (sent["pricing"]["category"], sent["pricing"]["billable"]) == (category, billable)
    assert sent["conversation"]["origin"]["type"] == origin


def test_a_group_status_names_each_participant():
    content = {"type": "text", "text": {"body": "Hello"}}
    message = Message("wamid.B", "business", NUMBER.id, "Z3JvdXA", 0.0, content, group_id="Z3JvdXA")
    people = [ANN, Person("15550100002", "Bob", hides_phone=True)]
    value = value_of([statuses.Told(message, "read", person) for person in people])
    first, second = value["statuses"]
    assert (first["recipient_type"], first["recipient_id"]) == ("group", "Z3JvdXA")
    assert first["recipient_participant_id"] == ANN.id
    assert "recipient_participant_id" not in second
    assert second["recipient_participant_user_id"].startswith("US.")


def test_a_group_as_a_whole_is_sent_to_at_no_price():
    content = {"type": "text", "text": {"body": "Hello"}}
    message = Message("wamid.B", "business", NUMBER.id, "Z3JvdXA", 0.0, content, group_id="Z3JvdXA")
    value = value_of([statuses.Told(message, "sent", None)])
    assert "contacts" not in value
    assert {*value["statuses"][0]} == {"id", "status", "timestamp", "recipient_id", "recipient_type"}


@pytest.mark.parametrize(("ticks", "priced"), [({"sent": 1.0}, True), ({"sent": 1.0, "delivered": 2.0}, False)])
def test_read_has_the_price_when_delivered_never_came(ticks, priced):
    (read,) = status("read", ticks=ticks)["statuses"]
    assert ("pricing" in read) is priced


def test_failed_and_sent_say_less_of_the_person():
    assert "contacts" not in status("failed")
    named = Person("15550100001", "Ann", username="ann")
    assert "username" not in status("sent", named)["contacts"][0]["profile"]
    assert status("read", named)["contacts"][0]["profile"]["username"] == "@ann"


def test_a_number_that_checks_identities_is_told_them():
    number = msgspec.structs.replace(NUMBER, checks_identity=True)
    content = {"type": "text", "text": {"body": "Hello"}}
    message = Message("wamid.B", "business", number.id, ANN.id, 0.0, content)
    value = value_of([statuses.Told(message, "delivered", ANN)], Scene(WABA, number, 0.0))
    assert value["statuses"][0]["recipient_identity_key_hash"] == ANN.identity_key_hash
    heard = messages.inbound(Message("wamid.C", "person", number.id, ANN.id, 0.0, content), ANN, number, WABA)
    assert heard["contacts"][0]["identity_key_hash"] == ANN.identity_key_hash
