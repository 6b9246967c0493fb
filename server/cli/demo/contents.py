"""What the demo sends: a command for every type of message that the API takes, each about an order of cakes.

Pure: an occasion in, the JSON of `POST /v1/messages` out, without what all commands share. `wheel` gives the turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PHOTO, CLIP, VOICE, BROCHURE, STICKER = "photo.jpg", "clip.mp4", "voice-note.ogg", "brochure.pdf", "sticker.webp"
FILES: Mapping[str, str] = {
    PHOTO: "image/jpeg",
    CLIP: "video/mp4",
    VOICE: "audio/ogg",
    BROCHURE: "application/pdf",
    STICKER: "image/webp",
}
"""The simulator's samples that are uploaded, and what they are."""
CATALOG = "194836987003835"
_CAKES = ("honey-cake", "plum-tart", "rye-bread")
_PLACE = {"latitude": 52.5163, "longitude": 13.3777, "name": "The bakery", "address": "1 Mill Lane"}


@dataclass(frozen=True, slots=True)
class Occasion:
    """Whom a message is for and what it can refer to: messages by their wamids, files by their ids here."""

    name: str
    greeting: str
    media: Mapping[str, str]
    group_id: str
    group_greeting: str

    def file(self, sample: str) -> Json:
        return {"id": self.media[sample]}


def text(occasion: Occasion) -> Json:
    return {"type": "text", "text": {"body": f"Hello {occasion.name}, your order is in the oven."}}


def text_in_reply(occasion: Occasion) -> Json:
    return {"type": "text", "reply_to": occasion.greeting, "text": {"body": "It will be ready at four."}}


def image(occasion: Occasion) -> Json:
    return {"type": "image", "image": {**occasion.file(PHOTO), "caption": "This is how it looks."}}


def video(occasion: Occasion) -> Json:
    return {"type": "video", "video": {**occasion.file(CLIP), "caption": "This is how it is made."}}


def voice_message(occasion: Occasion) -> Json:
    return {"type": "audio", "audio": {**occasion.file(VOICE), "voice": True}}


def document(occasion: Occasion) -> Json:
    return {"type": "document", "document": {**occasion.file(BROCHURE), "filename": "all our cakes.pdf"}}


def sticker(occasion: Occasion) -> Json:
    return {"type": "sticker", "sticker": occasion.file(STICKER)}


def location(_occasion: Occasion) -> Json:
    return {"type": "location", "location": _PLACE}


def contacts(_occasion: Occasion) -> Json:
    name = {"formatted_name": "Ida Baker", "first_name": "Ida", "last_name": "Baker"}
    return {"type": "contacts", "contacts": [{"name": name, "phones": [{"phone": "+12025550100", "type": "WORK"}]}]}


def reaction(occasion: Occasion) -> Json:
    return {"type": "reaction", "reaction": {"message_id": occasion.greeting, "emoji": "👍"}}


def reply_buttons(occasion: Occasion) -> Json:
    buttons = [_reply("today", "Today"), _reply("tomorrow", "Tomorrow")]
    header = {"type": "image", "image": occasion.file(PHOTO)}
    return _interactive("button", "When do you come?", {"buttons": buttons}, header=header)


def list_(_occasion: Occasion) -> Json:
    rows = [{"id": cake, "title": cake.replace("-", " ")} for cake in _CAKES]
    action = {"button": "Choose", "sections": [{"title": "Cakes", "rows": rows}]}
    return _interactive("list", "What else would you like?", action, footer={"text": "All baked today"})


def link_button(_occasion: Occasion) -> Json:
    return _interactive("cta_url", "Follow your order.", _link("Follow it", "https://bakery.example/orders/1"))


def flow(occasion: Occasion) -> Json:
    parameters = {
        "flow_message_version": "3",
        "flow_id": "7001",
        "flow_cta": "Begin",
        "flow_token": f"order of {occasion.name}",
        "flow_action": "navigate",
        "flow_action_payload": {"screen": "GUESTS"},
    }
    return _interactive("flow", "How many guests do you expect?", {"name": "flow", "parameters": parameters})


def product(_occasion: Occasion) -> Json:
    return _interactive("product", "Our best.", _product(_CAKES[0]))


def product_list(_occasion: Occasion) -> Json:
    items = [{"product_retailer_id": cake} for cake in _CAKES]
    action = {"catalog_id": CATALOG, "sections": [{"title": "Cakes", "product_items": items}]}
    return _interactive("product_list", "Take your pick.", action, header={"type": "text", "text": "Of today"})


def catalog(_occasion: Occasion) -> Json:
    parameters = {"thumbnail_product_retailer_id": _CAKES[0]}
    return _interactive("catalog_message", "All that we bake.", {"name": "catalog_message", "parameters": parameters})


def carousel(occasion: Occasion) -> Json:
    cards = [
        {
            "card_index": place,
            "type": "cta_url",
            "header": {"type": "image", "image": occasion.file(PHOTO)},
            "body": {"text": f"The {cake.replace('-', ' ')}"},
            "action": _link("Look at it", f"https://bakery.example/{cake}"),
        }
        for place, cake in enumerate(_CAKES)
    ]
    return _interactive("carousel", "Chosen for you:", {"cards": cards})


def location_request(_occasion: Occasion) -> Json:
    return _interactive("location_request_message", "Where shall we bring it?", {"name": "send_location"})


def address_request(occasion: Occasion) -> Json:
    parameters = {"country": "IN", "values": {"name": occasion.name}}
    return _interactive("address_message", "Where do you live?", {"name": "address_message", "parameters": parameters})


def call_permission_request(_occasion: Occasion) -> Json:
    return _interactive("call_permission_request", "May we call you?", {"name": "call_permission_request"})


def call_button(_occasion: Occasion) -> Json:
    parameters = {"display_text": "Call us", "ttl_minutes": 60}
    return _interactive("voice_call", "Questions?", {"name": "voice_call", "parameters": parameters})


def contact_info_request(_occasion: Occasion) -> Json:
    return _interactive("request_contact_info", "How can we reach you?", {"name": "request_contact_info"})


def order_details(occasion: Occasion) -> Json:
    amount = {"value": 45000, "offset": 100}
    item = {"retailer_id": _CAKES[0], "name": "Honey cake", "amount": amount, "quantity": 1}
    parameters = {
        "reference_id": f"order-{occasion.name.lower()}",
        "type": "physical-goods",
        "currency": "INR",
        "total_amount": amount,
        "order": {"status": "pending", "items": [item], "subtotal": amount},
    }
    return _interactive("order_details", "To be paid:", {"name": "review_and_pay", "parameters": parameters})


def order_status(occasion: Occasion) -> Json:
    parameters = {"reference_id": f"order-{occasion.name.lower()}", "order": {"status": "processing"}}
    return _interactive("order_status", "It is being baked.", {"name": "review_order", "parameters": parameters})


def template(occasion: Occasion) -> Json:
    return _template(
        "order_shipped",
        {"type": "header", "parameters": _texts("4711")},
        {"type": "body", "parameters": _texts(occasion.name, "Monday")},
        _button(0, "quick_reply", {"type": "payload", "payload": "thanks"}),
        _button(2, "url", *_texts("4711")),
    )


def one_time_password(_occasion: Occasion) -> Json:
    code = _texts("493817")
    return _template("sign_in_copy_code", {"type": "body", "parameters": code}, _button(0, "url", *code))


def carousel_template(occasion: Occasion) -> Json:
    cards = [
        {
            "card_index": place,
            "components": [
                {"type": "header", "parameters": [{"type": "image", "image": occasion.file(PHOTO)}]},
                {"type": "body", "parameters": _texts(cake.replace("-", " "), "half the price")},
                _button(0, "quick_reply", {"type": "payload", "payload": cake}),
                _button(1, "url", *_texts(cake)),
            ],
        }
        for place, cake in enumerate(_CAKES)
    ]
    body = {"type": "body", "parameters": _texts(occasion.name)}
    return _template("new_arrivals", body, {"type": "carousel", "cards": cards})


def marketing_message(occasion: Occasion) -> Json:
    command = _template(
        "autumn_sale",
        {"type": "header", "parameters": [{"type": "image", "image": occasion.file(PHOTO)}]},
        {"type": "body", "parameters": _texts(occasion.name, "a tenth")},
    )
    return {**command, "marketing": {"message_activity_sharing": True}}


def direct_send(occasion: Occasion) -> Json:
    body = f"{occasion.name}, your order leaves the oven at four."
    return {"type": "text", "text": {"body": body}, "category": "utility", "ttl_seconds": 3600}


def group_message(occasion: Occasion) -> Json:
    body = "We deliver to all of you at once."
    return {**_to_group(occasion), "type": "text", "text": {"body": body}}


def pin(occasion: Occasion) -> Json:
    pinned = {"type": "pin", "message_id": occasion.group_greeting, "expiration_days": 7}
    return {**_to_group(occasion), "type": "pin", "pin": pinned}


def raw(_occasion: Occasion) -> Json:
    return {"type": "raw", "raw": {"type": "text", "text": {"body": "Meta's own words.", "preview_url": False}}}


def text_by_user_id(_occasion: Occasion) -> Json:
    """Nothing in it is special: the person is known by a user id alone."""
    return {"type": "text", "text": {"body": "Your order is ready."}}


def _to_group(occasion: Occasion) -> Json:
    return {"recipient_type": "group", "to": occasion.group_id}


def _interactive(kind: str, body: str, action: Json, **parts: Json) -> Json:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action, **parts}}


def _reply(id_: str, title: str) -> Json:
    return {"type": "reply", "reply": {"id": id_, "title": title}}


def _link(text_: str, url: str) -> Json:
    return {"name": "cta_url", "parameters": {"display_text": text_, "url": url}}


def _product(retailer_id: str) -> Json:
    return {"catalog_id": CATALOG, "product_retailer_id": retailer_id}


def _template(name: str, *components: Json) -> Json:
    return {
        "type": "template",
        "template": {"name": name, "language": {"code": "en_US"}, "components": list(components)},
    }


def _texts(*texts: str) -> list[Json]:
    return [{"type": "text", "text": one} for one in texts]


def _button(index: int, sub_type: str, *parameters: Json) -> Json:
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": list(parameters)}
