"""The wheel: every type of message that can be sent, each with how people answer it, in the order of their turns."""

from collections.abc import Callable
from dataclasses import dataclass

from server.cli.demo import answers, contents
from server.cli.demo.answers import Answer
from server.cli.demo.contents import Json, Occasion


@dataclass(frozen=True, slots=True)
class Kind:
    """`type` is Meta's, as it stands in the ledger.

    `by_user_id`: it is for somebody who hides the phone number. `in_group`: it is for somebody of a group.
    """

    name: str
    type: str
    command: Callable[[Occasion], Json]
    answer: Answer
    by_user_id: bool = False
    in_group: bool = False


FIRST = Kind("text", "text", contents.text, Answer(messages=0))
"""What everybody gets first."""
WHEEL = (
    Kind("text in reply", "text", contents.text_in_reply, answers.WRITES_TEXT),
    Kind("image", "image", contents.image, answers.reacts("😍")),
    Kind("video", "video", contents.video, answers.sends("clip.mp4")),
    Kind("voice message", "audio", contents.voice_message, answers.listens_and_sends("voice-note.ogg")),
    Kind("document", "document", contents.document, answers.sends("letter.docx")),
    Kind("sticker", "sticker", contents.sticker, answers.sends("animated-sticker.webp")),
    Kind("location", "location", contents.location, answers.replies("I know where that is.")),
    Kind("contacts", "contacts", contents.contacts, answers.shares_contact("My sister")),
    Kind("reaction", "reaction", contents.reaction, answers.writes("Good!")),
    Kind("reply buttons", "interactive", contents.reply_buttons, answers.TAPS),
    Kind("list", "interactive", contents.list_, answers.TAPS),
    Kind("link button", "interactive", contents.link_button, answers.reacts("🙏")),
    Kind("flow", "interactive", contents.flow, answers.fills_in(flow_response={"guests": 12})),
    Kind("product", "interactive", contents.product, answers.asks_about("honey-cake")),
    Kind("product list", "interactive", contents.product_list, answers.orders("plum-tart", "rye-bread")),
    Kind("catalog", "interactive", contents.catalog, answers.orders("honey-cake")),
    Kind("carousel", "interactive", contents.carousel, answers.replies("The second one!")),
    Kind(
        "location request",
        "interactive",
        contents.location_request,
        answers.fills_in(location={"latitude": 52.52, "longitude": 13.405}),
    ),
    Kind("address request", "interactive", contents.address_request, answers.replies("2 Mill Lane")),
    Kind(
        "call permission request",
        "interactive",
        contents.call_permission_request,
        answers.fills_in(accept_calls=True),
    ),
    Kind("call button", "interactive", contents.call_button, answers.calls_and_writes("I have just called.")),
    Kind(
        "contact info request",
        "interactive",
        contents.contact_info_request,
        answers.fills_in(share_phone=True),
        by_user_id=True,
    ),
    Kind("order details", "interactive", contents.order_details, answers.sends("brochure.pdf")),
    Kind("order status", "interactive", contents.order_status, answers.reacts("❤️")),
    Kind("template", "template", contents.template, answers.TAPS),
    Kind("one-time password", "template", contents.one_time_password, answers.writes_and_edits("Thnaks!", "Thanks!")),
    Kind("carousel template", "template", contents.carousel_template, answers.TAPS),
    Kind("marketing message", "template", contents.marketing_message, answers.sends("photo.jpg")),
    Kind("direct send", "text", contents.direct_send, answers.SENDS_PHOTO),
    Kind("group message", "text", contents.group_message, answers.writes_in_group("Very good!"), in_group=True),
    Kind("pin", "pin", contents.pin, answers.writes_in_group("Thank you for the pin."), in_group=True),
    Kind("raw", "text", contents.raw, answers.sends_a_poll()),
    Kind(
        "text by user id",
        "text",
        contents.text_by_user_id,
        answers.writes_and_deletes("My number is secret."),
        by_user_id=True,
    ),
)


def turn(place: int) -> Kind:
    """What the person at this place gets second."""
    return WHEEL[place % len(WHEEL)]
