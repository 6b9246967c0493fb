"""What statuses say about a person follows the person's record, whenever it is replaced."""

import json

from msgspec.structs import replace

from simulator.conversations import Message
from simulator.payloads.parts import Scene
from simulator.payloads.statuses import Told, value
from simulator.state import Number, Person, Waba

WABA = Waba("2", "Business", "9")
NUMBER = Number("3", WABA.id, "+1 555 010 0000", "Business")
ANN = Person("15550100001", "Ann", bsuid="US.1")


def told(person: Person, *, name: str = "delivered", waba: Waba = WABA) -> tuple[dict, dict]:
    """The card of the person, and the status itself."""
    message = Message("wamid.1", "business", NUMBER.id, person.id, 1.0, {"type": "text", "text": {"body": "hi"}})
    made = json.loads(value([Told(message, name, person)], Scene(waba, NUMBER, 2.0)))
    return made["contacts"][0], made["statuses"][0]


def test_a_changed_person_is_told_as_changed():
    assert told(ANN)[0] == {"profile": {"name": "Ann"}, "wa_id": ANN.id, "user_id": "US.1"}
    card, _ = told(replace(ANN, name="Anna", username="anna"))
    assert card["profile"] == {"name": "Anna", "username": "@anna"}
    assert told(ANN)[0]["profile"] == {"name": "Ann"}


def test_someone_who_hides_their_phone_is_named_by_their_user_id_from_then_on():
    assert told(ANN)[1]["recipient_id"] == ANN.id
    card, made = told(replace(ANN, hides_phone=True))
    assert "wa_id" not in card
    assert "recipient_id" not in made
    assert made["recipient_user_id"] == "US.1"


def test_each_portfolio_knows_a_person_by_another_id():
    person = replace(ANN, bsuid=None)
    ids = {told(person, waba=waba)[1]["recipient_user_id"] for waba in (WABA, Waba("4", "Other", "10"))}
    assert len(ids) == 2
    moved = replace(WABA, business_id="11")
    assert told(person, waba=moved)[1]["recipient_user_id"] not in ids


def test_a_failure_may_have_words_of_its_own():
    message = Message("wamid.1", "business", NUMBER.id, ANN.id, 1.0, {"type": "text", "text": {"body": "hi"}})
    message.failure_details = "Unsupported Image mime type text/plain."
    made = json.loads(value([Told(message, "failed", ANN, 131053)], Scene(WABA, NUMBER, 2.0)))
    (error,) = made["statuses"][0]["errors"]
    assert (error["title"], error["error_data"]["details"]) == ("Media upload error", message.failure_details)
    message.fail_with(131049)
    made = json.loads(value([Told(message, "failed", ANN, 131049)], Scene(WABA, NUMBER, 2.0)))
    assert "engagement" in made["statuses"][0]["errors"][0]["error_data"]["details"]


def test_only_some_statuses_have_the_username():
    person = replace(ANN, username="ann")
    assert "username" not in told(person, name="sent")[0]["profile"]
    assert told(person, name="read")[0]["profile"]["username"] == "@ann"
