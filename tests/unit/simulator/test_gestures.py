"""What hands do on a phone, in time that moves by hand and without HTTP: the webhooks that come of it."""

import json

import pytest

from simulator.errors import Refused
from simulator.hands.calling import Calling
from simulator.hands.gestures import EDIT_S, REVOKE_S, Gestures
from simulator.hands.identities import Identities
from simulator.payloads.messages import Place
from simulator.phones.choices import choices_of
from simulator.state import App, Group
from simulator.world import World
from tests.unit.simulator import phone_world as phones
from tests.unit.simulator.phone_world import ANN, ann, delivered, entries, pass_time, send


@pytest.fixture
async def world(clock) -> World:
    world = phones.furnish(World.create(clock=clock))
    yield world
    await world.close()


@pytest.fixture
def told(world, monkeypatch) -> list:
    """The updates that the business's app would hear of, in order."""
    world.store.put(App("1", "App", "secret", "http://127.0.0.1:1/", "verify"))
    world.store.put(phones.Waba("2", "Business", "9", ["1"]))
    published: list = []
    monkeypatch.setattr(world.sender, "publish", lambda update, apps: published.append((update, apps)))
    return published


@pytest.fixture
def gestures(world) -> Gestures:
    return Gestures(world)


def last_message(told: list) -> dict:
    return phones.values(told)[-1]["messages"][0]


@pytest.mark.parametrize("choice", ["yes", "Yes"])
async def test_a_reply_button_is_tapped_by_its_id_or_title(world, clock, told, gestures, choice):
    person = ann(world, reads=False)
    message = delivered(world, clock, phones.BUTTONS)
    gestures.tap(person, message.wamid, choice)
    heard = last_message(told)
    assert heard["interactive"] == {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}}
    assert heard["context"] == {"from": "15550100000", "id": message.wamid}


async def test_a_row_is_chosen_with_its_description(world, clock, told, gestures):
    person = ann(world, reads=False)
    message = delivered(world, clock, phones.LIST)
    assert [choice.id for choice in choices_of(message)] == ["a1", "b1"]
    gestures.tap(person, message.wamid, "a1")
    row = {"id": "a1", "title": "One", "description": "First"}
    assert last_message(told)["interactive"] == {"type": "list_reply", "list_reply": row}


async def test_only_what_is_there_can_be_tapped(world, clock, gestures):
    person = ann(world, reads=False)
    buttons, text = delivered(world, clock, phones.BUTTONS), delivered(world, clock)
    with pytest.raises(Refused, match=r"it has 'yes', 'no'"):
        gestures.tap(person, buttons.wamid, "maybe")
    with pytest.raises(Refused, match="nothing to tap"):
        gestures.tap(person, text.wamid, "yes")
    waiting = send(world, phones.BUTTONS)
    with pytest.raises(Refused, match="has not been delivered yet"):
        gestures.tap(person, waiting.wamid, "yes")


async def test_a_flow_is_completed_with_its_token(world, clock, told, gestures):
    person = ann(world, reads=False)
    message = delivered(world, clock, phones.FLOW)
    gestures.send_flow(person, message.wamid, {"day": "Monday"})
    reply = last_message(told)["interactive"]["nfm_reply"]
    assert (reply["name"], reply["body"]) == ("flow", "Sent")
    assert json.loads(reply["response_json"]) == {"flow_token": "token-1", "day": "Monday"}
    with pytest.raises(Refused, match="is no flow"):
        gestures.send_flow(person, delivered(world, clock).wamid, {})


@pytest.mark.parametrize(
    ("accepts", "always", "wanted"),
    [
        (True, False, {"response": "accept", "is_permanent": False}),
        (True, True, {"response": "accept", "is_permanent": True}),
        (False, False, {"response": "reject"}),
    ],
)
async def test_a_request_for_calls_is_answered(world, clock, told, gestures, accepts, always, wanted):
    person = ann(world, reads=False)
    message = delivered(world, clock, phones.asking("call_permission_request"))
    gestures.answer_call_request(person, message.wamid, accepts=accepts, always=always)
    reply = last_message(told)["interactive"]["call_permission_reply"]
    assert reply.items() >= wanted.items()
    assert ("expiration_timestamp" in reply) is (accepts and not always)


async def test_a_location_is_shared_when_asked_for(world, clock, told, gestures):
    person = ann(world, reads=False)
    message = delivered(world, clock, phones.asking("location_request_message"))
    gestures.share_location(person, message.wamid, Place(latitude=1.5, longitude=2.5))
    assert last_message(told)["location"] == {"latitude": 1.5, "longitude": 2.5}


async def test_a_hidden_phone_is_given_and_hidden_no_more(world, clock, told, gestures):
    person = ann(world, reads=False, hides_phone=True)
    message = delivered(world, clock, phones.asking("request_contact_info"))
    gestures.share_phone(person, message.wamid)
    heard = last_message(told)
    assert heard["origin"] == "contact_request"
    assert heard["contacts"][0]["phones"] == [{"phone": f"+{ANN}"}]
    assert "from" not in heard
    world.phones.write(world.store.people[ANN], world.store.numbers["3"], "Hello")
    assert last_message(told)["from"] == ANN


async def test_a_reaction_is_set_and_taken_away(world, clock, told, gestures):
    person = ann(world, reads=False)
    message = delivered(world, clock)
    gestures.react(person, message.wamid, "👍")
    assert last_message(told)["reaction"] == {"message_id": message.wamid, "emoji": "👍"}
    assert message.reactions == {"person": "👍"}
    gestures.react(person, message.wamid, None)
    assert last_message(told)["reaction"] == {"message_id": message.wamid}
    with pytest.raises(Refused, match="has not reacted"):
        gestures.react(person, message.wamid, None)


async def test_an_own_text_is_edited_for_a_quarter_of_an_hour(world, clock, told, gestures):
    person = ann(world)
    mine = world.phones.write(person, world.store.numbers["3"], "Helo")
    gestures.edit(person, mine.wamid, "Hello")
    edit = last_message(told)["edit"]
    assert edit == {"original_message_id": mine.wamid, "message": {"type": "text", "text": {"body": "Hello"}}}
    assert (mine.content["text"], mine.edited) == ({"body": "Hello"}, True)
    clock.advance(EDIT_S + 1)
    with pytest.raises(Refused, match="too old"):
        gestures.edit(person, mine.wamid, "Hello!")


async def test_an_edit_opens_no_window(world, clock, told, gestures):
    person = ann(world)
    mine = world.phones.write(person, world.store.numbers["3"], "Helo")
    until = world.conversations.thread(ANN, "3").window_open_until()
    clock.advance(60)
    gestures.edit(person, mine.wamid, "Hello")
    assert world.conversations.thread(ANN, "3").window_open_until() == until


async def test_an_own_message_is_deleted_and_then_gone(world, clock, told, gestures):
    person = ann(world, reads=False)
    mine = world.phones.write(person, world.store.numbers["3"], "Oops")
    gestures.revoke(person, mine.wamid)
    assert last_message(told)["revoke"] == {"original_message_id": mine.wamid}
    with pytest.raises(Refused, match="no message that stands"):
        gestures.react(person, mine.wamid, "👍")
    theirs = delivered(world, clock)
    with pytest.raises(Refused, match="is not theirs"):
        gestures.revoke(person, theirs.wamid)
    old = world.phones.write(person, world.store.numbers["3"], "Oops")
    clock.advance(REVOKE_S + 1)
    with pytest.raises(Refused, match="too old"):
        gestures.revoke(person, old.wamid)


@pytest.mark.parametrize(("often", "key"), [(False, "forwarded"), (True, "frequently_forwarded")])
async def test_a_message_is_forwarded_to_another_number(world, clock, told, gestures, often, key):
    person = ann(world, reads=False)
    message = delivered(world, clock)
    gestures.forward(person, message.wamid, world.store.numbers["4"], often=often)
    heard = last_message(told)
    assert (heard["text"], heard["context"]) == ({"body": "hi"}, {key: True})
    with pytest.raises(Refused, match="cannot be forwarded"):
        gestures.forward(person, delivered(world, clock, phones.BUTTONS).wamid, world.store.numbers["4"], often=False)


async def test_a_reply_to_oneself_names_oneself(world, told):
    person = ann(world)
    mine = world.phones.write(person, world.store.numbers["3"], "One")
    world.phones.write(person, world.store.numbers["3"], "Two", mine.wamid)
    assert last_message(told)["context"] == {"from": ANN, "id": mine.wamid}


async def test_messages_from_a_blocked_number_fail_until_it_is_unblocked(world, clock, gestures):
    person = gestures.block(ann(world), world.store.numbers["3"], blocked=True)
    blocked, other = send(world), send(world, number="4")
    pass_time(world, clock, 2)
    assert (list(blocked.ticks), blocked.failure) == (["failed"], 131026)
    assert "delivered" in other.ticks
    with pytest.raises(Refused, match="unblock it first"):
        world.phones.write(person, world.store.numbers["3"], "Hello")
    gestures.block(person, world.store.numbers["3"], blocked=False)
    delivered(world, clock)


async def test_stopped_marketing_fails_until_it_is_resumed(world, clock, told, gestures):
    gestures.want_marketing(ann(world), world.store.numbers["3"], wanted=False)
    (preference,) = phones.values(told, "user_preferences")[-1]["user_preferences"]
    assert preference.items() >= {"wa_id": ANN, "value": "stop", "category": "marketing_messages"}.items()
    number, now = world.store.numbers["3"], world.clock.now()
    assert world.marketing.failure(number, ANN, now) == 131050
    assert world.marketing.failure(world.store.numbers["4"], ANN, now) is None
    gestures.want_marketing(world.store.people[ANN], number, wanted=True)
    assert world.marketing.failure(number, ANN, now) is None


async def test_a_voice_note_is_listened_to_once(world, clock):
    person = ann(world, reads=False)
    note, text = delivered(world, clock, phones.VOICE), delivered(world, clock)
    assert world.phones.listen(person, note.wamid)
    assert not world.phones.listen(person, note.wamid)
    assert [entry["status"] for entry in entries(world, "status") if entry["wamid"] == note.wamid][2:] == [
        "read",
        "played",
    ]
    with pytest.raises(Refused, match="is no voice note"):
        world.phones.listen(person, text.wamid)


async def test_a_new_number_takes_the_chats_along_and_leaves_the_old_one_to_nobody(world, clock, told):
    person = ann(world, reads=False)
    world.phones.write(person, world.store.numbers["3"], "Hello")
    moved = Identities(world).change_number(person, "15550100077")
    value = phones.values(told)[-1]
    assert "contacts" not in value
    assert value["messages"][0]["from"] == ANN
    assert "from_user_id" not in value["messages"][0]
    system = value["messages"][0]["system"]
    assert (system["type"], system["wa_id"]) == ("user_changed_number", "15550100077")
    lost = send(world)
    pass_time(world, clock, 2)
    assert lost.failure == 131026
    delivered(world, clock, to=moved.id)
    assert world.conversations.window_is_open(moved.id, "3", clock.now())
    with pytest.raises(Refused, match="nobody's number"):
        world.phones.write(world.store.people[ANN], world.store.numbers["3"], "Hello")
    with pytest.raises(Refused, match="somebody's number"):
        Identities(world).change_number(moved, moved.id)


async def test_what_waited_for_the_old_number_arrives_at_the_new_one(world, clock):
    offline = ann(world, online=False, reads=False)
    waiting = send(world)
    pass_time(world, clock, 2)
    moved = Identities(world).change_number(offline, "15550100077")
    world.store.put(phones.Person(moved.id, "Ann", online=True))
    world.phones.connect(world.store.people[moved.id])
    assert "delivered" in waiting.ticks


async def test_a_new_user_id_is_told_to_every_number_with_a_chat(world, told):
    person = ann(world)
    for id_ in ("3", "4"):
        world.phones.write(person, world.store.numbers[id_], "Hello")
    Identities(world).change_user_id(person, "US.77")
    systems = [value["messages"][0]["system"] for value in phones.values(told)[-2:]]
    assert [(one["type"], one["user_id"]) for one in systems] == [("user_changed_user_id", "US.77")] * 2
    assert world.store.people[ANN].bsuid == "US.77"


async def test_another_phone_is_told_to_numbers_that_check(world, told):
    person = ann(world)
    world.phones.write(person, world.store.numbers["3"], "Hello")
    Identities(world).reinstall(person)
    assert len(phones.values(told)) == 1
    world.store.put(phones.Number("3", "2", "+1 555 010 0000", "Business", checks_identity=True))
    changed = Identities(world).reinstall(world.store.people[ANN])
    assert last_message(told)["system"]["identity"] == changed.identity_key_hash != person.identity_key_hash


async def test_a_call_opens_the_window_and_ends(world, clock, told):
    person = ann(world)
    assert not world.conversations.window_is_open(ANN, "3", clock.now())
    Calling(world).call(person, world.store.numbers["3"], answered=True, lasts_s=30)
    assert world.conversations.window_is_open(ANN, "3", clock.now())
    pass_time(world, clock, 31)
    begun, ended = [value["calls"][0] for value in phones.values(told, "calls")]
    assert (begun["event"], begun["direction"], begun["from"]) == ("connect", "USER_INITIATED", ANN)
    assert (ended["event"], ended["status"], ended["id"]) == ("terminate", "COMPLETED", begun["id"])
    assert ended["duration"] == int(ended["end_time"]) - int(ended["start_time"])
    assert 29 <= ended["duration"] <= 31


async def test_a_call_that_nobody_picks_up_fails(world, clock, told):
    Calling(world).call(ann(world, hides_phone=True), world.store.numbers["3"], answered=False, lasts_s=5)
    pass_time(world, clock, 6)
    ended = phones.values(told, "calls")[-1]["calls"][0]
    assert ended["status"] == "FAILED"
    assert "duration" not in ended
    assert "from" not in ended
    assert ended["from_user_id"].startswith("US.")


async def test_an_offline_phone_does_nothing(world, clock, gestures):
    message = delivered(world, clock, phones.BUTTONS) if ann(world) else None
    offline = ann(world, online=False)
    number = world.store.numbers["3"]
    for act in (
        lambda: gestures.tap(offline, message.wamid, "yes"),
        lambda: gestures.react(offline, message.wamid, "👍"),
        lambda: gestures.want_marketing(offline, number, wanted=False),
        lambda: Calling(world).call(offline, number, answered=True, lasts_s=1),
    ):
        with pytest.raises(Refused, match="put it online first"):
            act()


GROUP = "120363000000000001"


@pytest.fixture
def trip(world) -> Group:
    """A group with Ann and with Bob, who is offline."""
    world.store.put(phones.Person("15550100002", "Bob", online=False))
    group = Group(GROUP, "3", "Trip", [ANN, "15550100002"])
    world.store.put(group)
    return group


async def test_a_group_gets_a_status_for_each_participant(world, clock, told, trip):
    ann(world, read_delay_s=1)
    message = send(world, to=GROUP, group_id=GROUP)
    pass_time(world, clock, 3)
    assert message.group_ticks == {"delivered": {ANN}, "read": {ANN}}
    world.store.put(phones.Person("15550100002", "Bob", behaviour=phones.Behaviour(reads=False)))
    world.phones.connect(world.store.people["15550100002"])
    assert message.group_ticks["delivered"] == {ANN, "15550100002"}
    statuses = [one for value in phones.values(told) for one in value["statuses"]]
    assert [(one["status"], one.get("recipient_participant_id")) for one in statuses] == [
        ("sent", None),
        ("delivered", ANN),
        ("read", ANN),
        ("delivered", "15550100002"),
    ]
    assert {(one["recipient_type"], one["recipient_id"]) for one in statuses} == {("group", GROUP)}


async def test_participants_who_are_there_share_an_update(world, clock, told, trip):
    ann(world, reads=False)
    world.store.put(phones.Person("15550100002", "Bob", behaviour=phones.Behaviour(reads=False)))
    send(world, to=GROUP, group_id=GROUP)
    pass_time(world, clock, 2)
    assert [len(value["statuses"]) for value in phones.values(told)] == [1, 2]


async def test_a_person_writes_and_reacts_in_a_group(world, clock, told, trip, gestures):
    person = ann(world, reads=False)
    message = send(world, to=GROUP, group_id=GROUP)
    pass_time(world, clock, 2)
    text = {"type": "text", "text": {"body": "Me too"}}
    world.phones.send(person, world.store.numbers["3"], text, message.wamid, group_id=GROUP)
    assert (last_message(told)["group_id"], last_message(told)["from"]) == (GROUP, ANN)
    gestures.react(person, message.wamid, "🎉")
    assert last_message(told)["group_id"] == GROUP
    assert message.reactions == {"person": "🎉"}
    shared = world.phones.chats_of(world.store.people["15550100002"])
    assert [len(thread.places) for thread in shared] == [3]
    world.store.put(phones.Person("15550100003", "Eve"))
    with pytest.raises(Refused, match="is not in a group"):
        world.phones.send(world.store.people["15550100003"], world.store.numbers["3"], text, group_id=GROUP)
    with pytest.raises(Refused, match="has no message"):
        gestures.react(world.store.people["15550100003"], message.wamid, "🎉")


async def test_a_person_leaves_a_group_and_joins_again(world, told, trip, gestures):
    person = ann(world)
    gestures.leave(person, trip)
    assert world.store.groups[GROUP].participants == ["15550100002"]
    with pytest.raises(Refused, match="is not in the group"):
        gestures.leave(person, world.store.groups[GROUP])
    gestures.join(person, world.store.groups[GROUP])
    assert world.store.groups[GROUP].participants == ["15550100002", ANN]
    with pytest.raises(Refused, match=r"in the group .* already"):
        gestures.join(person, world.store.groups[GROUP])
    left, joined = [value["groups"][0] for value in phones.values(told, "group_participants_update")]
    assert (left["type"], left["initiated_by"]) == ("group_participants_remove", "participant")
    assert left["removed_participants"][0]["wa_id"] == ANN
    assert (joined["type"], joined["reason"]) == ("group_participants_add", "invite_link")


async def test_a_full_group_takes_nobody(world, gestures):
    full = Group(GROUP, "3", "Trip", [f"1555010002{i}" for i in range(8)])
    with pytest.raises(Refused, match="takes no more"):
        gestures.join(ann(world), full)


async def test_quick_replies_of_templates_and_their_cards_are_tapped(world, clock, told, gestures):
    person = ann(world, reads=False)
    reply = {"index": 0, "type": "quick_reply", "text": "Yes", "payload": "yes-1"}
    of_card = {"index": 0, "type": "quick_reply", "text": "More", "payload": "card-1"}
    link = {"index": 1, "type": "url", "text": "Open", "url": "https://shop.example"}
    template = {"name": "order", "language": "en", "buttons": [reply, link], "cards": [{"buttons": [of_card]}]}
    message = delivered(world, clock, {"type": "template", "template": template})
    assert [choice.id for choice in choices_of(message)] == ["yes-1", "card-1"]
    gestures.tap(person, message.wamid, "Yes")
    assert last_message(told)["button"] == {"text": "Yes", "payload": "yes-1"}


async def test_the_flow_button_of_a_template_is_answered(world, clock, told, gestures):
    person = ann(world, reads=False)
    flow = {"index": 0, "type": "flow", "text": "Book", "flow_token": "token-2"}
    message = delivered(world, clock, {"type": "template", "template": {"name": "book", "buttons": [flow]}})
    gestures.send_flow(person, message.wamid, {})
    reply = last_message(told)["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {"flow_token": "token-2"}
