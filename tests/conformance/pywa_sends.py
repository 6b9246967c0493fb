"""Every way in which pywa sends something, with the arguments of a call and what the person's phone has afterwards.

The table of `test_pywa.py`; what pywa can do besides stands in `OTHERWISE` and `NOT_THERE`, so that nothing is left out
in silence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pywa_async import types
from pywa_async.types import templates as t

from tests.conformance.pywa_meeting import Meeting

Arguments = Mapping[str, Any]
LINK = "https://shop.example/picture.jpg"
LANGUAGE = t.TemplateLanguage.ENGLISH_US


@dataclass(frozen=True)
class Call:
    """`becomes`: the type of the message on the phone, with the kind of an interactive one behind a slash.

    `about` gives more arguments from the id of a message of the person. `sample`: an argument, and the file for it.
    """

    method: str
    what: str
    becomes: str
    arguments: Arguments
    about: Callable[[str], Arguments] | None = None
    sample: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.method}: {self.what}"

    def made(self, meeting: Meeting, wamid: str) -> dict[str, Any]:
        made = dict(self.arguments)
        if self.about is not None:
            made |= self.about(wamid)
        if self.sample is not None:
            argument, file = self.sample
            made[argument] = meeting.path_of(file)
        return made


BUTTONS = [types.Button("Yes", "yes"), types.Button("No", "no")]
ROWS = [types.SectionRow("Small", "s", "For one"), types.SectionRow("Large", "l")]
LIST = types.SectionList("Choose", [types.Section("Sizes", ROWS)])
FLOW = types.FlowButton(
    "Sign up",
    flow_id="7001",
    flow_token="flow-token",
    flow_action_type=types.FlowActionType.NAVIGATE,
    flow_action_screen="WELCOME",
    flow_action_payload={"name": "Ann"},
)
CONTACT = types.Contact(
    name=types.Contact.Name(formatted_name="Bob Example", first_name="Bob"),
    phones=[types.Contact.Phone(phone="+1 555-010-0002", type="WORK", wa_id="15550100002")],
    emails=[types.Contact.Email(email="bob@shop.example", type="WORK")],
    urls=[types.Contact.Url(url="https://shop.example", type="WORK")],
    addresses=[types.Contact.Address(city="Menlo Park", country="United States", type="HOME")],
    org=types.Contact.Org(company="Shop"),
    birthday="1990-01-31",
)
PRODUCTS = [types.ProductsSection("Shoes", ["sku-1", "sku-2"]), types.ProductsSection("Hats", ["sku-3"])]
CARDS = [
    types.ImageCarouselCard(image=LINK, body=f"Card {n}", buttons=types.URLButton("Look", "https://shop.example/1"))
    for n in range(2)
]

_TEXT = {"text": "Hello"}
_HEADED = {"header": "Head", "footer": "Foot", **_TEXT}


def _text(what: str, kind: str, **arguments: Any) -> Call:
    return Call("send_message", what, f"interactive/{kind}", arguments)


def _template(name: str, *params: t.BaseParams, **more: Any) -> Call:
    arguments = {"name": name, "language": LANGUAGE, "params": [*params], **more}
    return Call("send_template", name, "template", arguments)


def _card(index: int) -> t.BaseParams:
    parts = [
        t.HeaderImage.params(image=LINK),
        t.BodyText.params("Ann", "10 euros"),
        t.QuickReplyButton.params(callback_data=f"more-{index}", index=0),
        t.URLButton.params(url_variable=f"p{index}", index=1),
    ]
    return t.CarouselCard.params(params=parts, index=index)


def _product_card(index: int) -> t.BaseParams:
    return t.CarouselCard.params(params=[t.HeaderProduct.params(catalog_id="1", sku=f"s{index}")], index=index)


TEMPLATES = [
    _template("hello_world"),
    _template(
        "order_shipped",
        t.HeaderText.params("1234"),
        t.BodyText.params("Ann", "Monday"),
        t.QuickReplyButton.params(callback_data="thanks", index=0),
        t.QuickReplyButton.params(callback_data="change", index=1),
        t.URLButton.params(url_variable="abc", index=2),
    ),
    _template(
        "appointment_reminder",
        t.BodyText.params(customer_name="Ann", date="May 1", time="noon"),
        language=t.TemplateLanguage.ENGLISH,
    ),
    _template(
        "receipt",
        t.HeaderDocument.params(document="https://shop.example/r.pdf", filename="receipt.pdf"),
        t.BodyText.params("Ann", "10 euros"),
    ),
    _template(
        "courier_arrives",
        t.HeaderLocation.params(lat=52.5, lon=13.4, name="Depot", address="Main Street 1"),
        t.BodyText.params("Ann"),
    ),
    *(
        _template(name, t.AuthenticationBody.params(otp="123456"), t.CopyCodeOTPButton.params(otp="123456"))
        for name in ("sign_in_copy_code", "sign_in_one_tap", "sign_in_zero_tap")
    ),
    _template("autumn_sale", t.HeaderImage.params(image=LINK), t.BodyText.params("Ann", "20 %")),
    _template("how_it_is_made", t.HeaderVideo.params(video="https://shop.example/clip.mp4")),
    _template("coupon", t.BodyText.params("Ann", "Sunday"), t.CopyCodeButton.params(coupon_code="AUTUMN25", index=1)),
    _template(
        "limited_offer",
        t.HeaderImage.params(image=LINK),
        t.BodyText.params("Ann", "QUARTER25"),
        t.LimitedTimeOffer.params(expiration_time=datetime.now(UTC) + timedelta(days=1)),
        t.CopyCodeButton.params(coupon_code="QUARTER25", index=0),
        t.URLButton.params(url_variable="abc", index=1),
    ),
    _template("new_arrivals", t.BodyText.params("Ann"), t.Carousel.params(cards=[_card(n) for n in range(3)])),
    _template("product_cards", t.BodyText.params("Ann"), t.Carousel.params(cards=[_product_card(n) for n in range(2)])),
    _template("our_catalog", t.BodyText.params("Ann"), t.CatalogButton.params(thumbnail_product_sku="sku-1", index=0)),
    _template(
        "forgotten_items",
        t.HeaderText.params("Ann"),
        t.BodyText.params("TENTH"),
        t.MPMButton.params(product_sections=PRODUCTS, thumbnail_product_sku="sku-1", index=0),
    ),
    _template("sign_up", t.FlowButton.params(flow_token="tok", flow_action_data={"name": "Ann"}, index=0)),
    _template("call_us", t.BodyText.params("Ann")),
]

SENDS = [
    Call("send_message", "text", "text", _TEXT),
    Call("send_message", "with a preview", "text", {"text": "https://shop.example", "preview_url": True}),
    _text("reply buttons", "button", buttons=BUTTONS, **_HEADED),
    _text("list", "list", buttons=LIST, **_HEADED),
    _text("link button", "cta_url", buttons=types.URLButton("Visit", "https://shop.example"), **_HEADED),
    _text("flow", "flow", buttons=FLOW, **_HEADED),
    _text("call button", "voice_call", buttons=types.VoiceCallButton("Call now", ttl_minutes=60), **_TEXT),
    _text("call permission", "call_permission_request", buttons=types.CallPermissionRequestButton(), **_TEXT),
    _text("contact request", "request_contact_info", buttons=types.ContactInfoRequestButton(), **_TEXT),
    Call("send_text", "text", "text", _TEXT),
    Call("send_image", "a file", "image", {"caption": "Photo"}, sample=("image", "photo.jpg")),
    Call("send_image", "a link", "image", {"image": LINK}),
    Call(
        "send_image", "buttons under it", "interactive/button", {"image": LINK, "caption": "Which?", "buttons": BUTTONS}
    ),
    Call("send_video", "a file", "video", {"caption": "Clip"}, sample=("video", "clip.mp4")),
    Call("send_document", "a file", "document", {"filename": "menu.pdf"}, sample=("document", "brochure.pdf")),
    Call("send_audio", "a file", "audio", {}, sample=("audio", "tone.mp3")),
    Call("send_voice", "a file", "audio", {"mime_type": "audio/ogg"}, sample=("voice", "voice-note.ogg")),
    Call("send_sticker", "a file", "sticker", {}, sample=("sticker", "animated-sticker.webp")),
    Call("send_reaction", "an emoji", "reaction", {"emoji": "👍"}, about=lambda wamid: {"message_id": wamid}),
    Call("remove_reaction", "away again", "reaction", {}, about=lambda wamid: {"message_id": wamid}),
    Call(
        "send_location",
        "a place",
        "location",
        {"latitude": 52.5, "longitude": 13.4, "name": "Shop", "address": "Main Street 1"},
    ),
    Call("request_location", "a question", "interactive/location_request_message", {"text": "Where are you?"}),
    Call("request_contact_info", "a question", "interactive/request_contact_info", {"text": "Your number?"}),
    Call("send_contact", "a card", "contacts", {"contact": CONTACT}),
    Call("send_catalog", "a catalog", "interactive/catalog_message", {"body": "All", "thumbnail_product_sku": "sku-1"}),
    Call("send_product", "one", "interactive/product", {"catalog_id": "1", "sku": "sku-1", "body": "This one"}),
    Call(
        "send_products",
        "several",
        "interactive/product_list",
        {"catalog_id": "1", "product_sections": PRODUCTS, "title": "Ours", "body": "Choose"},
    ),
    Call("send_carousel", "cards", "interactive/carousel", {"body": "Look", "cards": CARDS}),
    *TEMPLATES,
    _template(
        "autumn_sale",
        t.HeaderImage.params(image=LINK),
        t.BodyText.params("Ann", "20 %"),
        use_mm_lite_api=True,
        message_activity_sharing=True,
    ),
    Call("send_message", "an answer", "text", _TEXT, about=lambda wamid: {"reply_to_message_id": wamid}),
]

# What a test of its own shows.
OTHERWISE = {
    "mark_message_as_read": "test_a_message_is_marked_as_read",
    "indicate_typing": "test_a_message_is_marked_as_read",
    "upload_media": "test_media_goes_up_and_comes_down",
    "get_media_url": "test_media_goes_up_and_comes_down",
    "get_media_bytes": "test_media_goes_up_and_comes_down",
    "stream_media": "test_media_goes_up_and_comes_down",
    "download_media": "test_media_goes_up_and_comes_down",
    "delete_media": "test_media_goes_up_and_comes_down",
    "pin_message": "test_a_group_gets_messages_and_pins",
    "unpin_message": "test_a_group_gets_messages_and_pins",
    "get_templates": "test_templates_accounts_and_numbers_are_read",
    "get_template": "test_templates_accounts_and_numbers_are_read",
    "get_business_account": "test_templates_accounts_and_numbers_are_read",
    "get_business_phone_number": "test_templates_accounts_and_numbers_are_read",
    "get_business_phone_numbers": "test_templates_accounts_and_numbers_are_read",
}

_ACCOUNTS = "accounts and numbers are made and changed through the control API"
_TEMPLATES = "templates are made and changed through the control API"
_FLOWS = "flows are not looked up, so there is nothing to manage"
_GROUPS = "groups are made and changed through the control API"
_CALLS = "calls from the business are not there; people call through the control API"
_APPS = "apps, their tokens and callbacks are made through the control API"

NOT_THERE = {
    **dict.fromkeys(
        (
            "get_shared_business_accounts",
            "get_owned_business_accounts",
            "update_business_account_settings",
            "get_business_phone_number_settings",
            "update_business_phone_number_settings",
            "update_conversational_automation",
            "update_display_name",
            "get_business_profile",
            "set_business_public_key",
            "update_business_profile",
            "get_commerce_settings",
            "update_commerce_settings",
            "register_phone_number",
            "deregister_phone_number",
            "create_phone_number",
            "request_verification_code",
            "verify_phone_number",
            "create_qr_code",
            "get_qr_code",
            "get_qr_codes",
            "update_qr_code",
            "delete_qr_code",
            "block_users",
            "unblock_users",
            "get_blocked_users",
            "set_username",
            "get_current_username",
            "get_reserved_usernames",
            "delete_username",
            "create_signup",
            "get_signups",
            "get_signup",
            "update_signup",
        ),
        _ACCOUNTS,
    ),
    **dict.fromkeys(
        (
            "create_template",
            "upsert_authentication_template",
            "update_template",
            "delete_template",
            "archive_templates",
            "unarchive_templates",
            "compare_templates",
            "migrate_templates",
            "unpause_template",
        ),
        _TEMPLATES,
    ),
    **dict.fromkeys(
        (
            "create_flow",
            "update_flow_metadata",
            "update_flow_json",
            "publish_flow",
            "delete_flow",
            "deprecate_flow",
            "get_flow",
            "get_flows",
            "get_flow_metrics",
            "get_flow_assets",
            "migrate_flows",
        ),
        _FLOWS,
    ),
    **dict.fromkeys(
        (
            "create_group",
            "get_group",
            "get_groups",
            "delete_group",
            "get_group_join_requests",
            "approve_group_join_requests",
            "reject_group_join_requests",
            "get_group_invite_link",
            "reset_group_invite_link",
            "remove_group_participants",
            "update_group_settings",
        ),
        _GROUPS,
    ),
    **dict.fromkeys(
        (
            "get_call_permissions",
            "initiate_call",
            "pre_accept_call",
            "accept_call",
            "reject_call",
            "terminate_call",
        ),
        _CALLS,
    ),
    **dict.fromkeys(
        (
            "get_app_access_token",
            "set_app_callback_url",
            "override_waba_callback_url",
            "delete_waba_callback_url",
            "override_phone_callback_url",
            "delete_phone_callback_url",
        ),
        _APPS,
    ),
}
