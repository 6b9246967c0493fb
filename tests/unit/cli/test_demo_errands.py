"""Who gets what in the demo, by the scene and by what people wrote."""

from typing import Any
from uuid import UUID

from server.cli.demo.contents import FILES
from server.cli.demo.cuts import rules
from server.cli.demo.errands import Errand, goal_of, plan
from server.cli.demo.scene import PEOPLE, Number, Pair, cast
from server.cli.demo.verdict import ONLY_SENT, Asked
from server.cli.demo.wheel import FIRST, WHEEL

NUMBERS = [Number(UUID(int=place), f"30000000000000{place}", f"12036300000000000{place}") for place in (1, 2)]
PAIRS = cast(NUMBERS)
MEDIA = dict.fromkeys(FILES, "018f0000-0000-7000-8000-000000000000")


def greeting(place: int, pair: Pair) -> dict[str, Any]:
    return {"id": str(UUID(int=1000 + place)), "wamid": f"wamid.{pair.wa_id}", "from": pair.address, "content": {}}


def in_group(number: Number) -> dict[str, Any]:
    return {
        "id": str(number.id),
        "wamid": f"wamid.{number.group_id}",
        "from": "x",
        "content": {"group_id": number.group_id},
    }


def planned() -> list[Errand]:
    greetings = [*map(in_group, NUMBERS), *(greeting(*one) for one in enumerate(PAIRS))]
    return list(plan(PAIRS, greetings, MEDIA))


def test_everybody_gets_a_text_and_then_what_the_wheel_gives() -> None:
    errands = planned()
    assert [errand.pair for errand in errands] == [*PAIRS, *PAIRS]
    assert all(errand.kind is FIRST for errand in errands[:PEOPLE])
    assert [errand.kind for errand in errands[PEOPLE:]] == [pair.second for pair in PAIRS]
    assert {pair.second.name for pair in PAIRS} == {kind.name for kind in WHEEL}


def test_a_message_refers_to_what_its_own_people_wrote() -> None:
    for errand in planned():
        assert errand.occasion.greeting == f"wamid.{errand.pair.wa_id}"
        assert errand.occasion.group_greeting == f"wamid.{errand.pair.number.group_id}"


def test_a_command_says_who_writes_to_whom() -> None:
    first, second = (errand for errand in planned() if errand.pair is PAIRS[0])
    names = ("from", "to", "client_reference", "type")
    assert [first.command[name] for name in names] == [str(UUID(int=1)), "+12025550110", "Ada-Berg-1", "text"]
    assert second.command["client_reference"] == "Ada-Berg-2"
    assert (first.asked, second.asked) == (Asked("text", "text"), Asked("text in reply", "text"))


def test_groups_are_written_to_by_their_own_number() -> None:
    sent = [errand.command for errand in planned() if errand.kind.in_group]
    groups = {str(number.id): number.group_id for number in NUMBERS}
    assert {(one["from"], one["to"]) for one in sent} == {*groups.items()}


def test_who_hides_the_phone_is_written_to_by_user_id_and_no_connection_to_them_is_cut() -> None:
    hidden = [pair for pair in PAIRS if pair.bsuid is not None]
    assert {pair.second.by_user_id for pair in hidden} == {True}
    assert {errand.command["to"][:3] for errand in planned() if errand.pair in hidden} == {"US."}
    cut = {rule["where"]["recipient"] for rule in rules([pair.wa_id for pair in PAIRS])}
    assert cut.isdisjoint(pair.wa_id for pair in hidden)


def test_some_see_once_that_an_answer_is_being_written() -> None:
    typing = [errand for errand in planned() if errand.typing_after is not None]
    assert [errand.typing_after for errand in typing] == [UUID(int=1000 + place) for place in range(0, PEOPLE, 5)]
    assert not any(errand.is_second for errand in typing)


def test_the_goal_counts_what_meta_tells_and_what_people_answer() -> None:
    goal = goal_of(planned())
    untold = sum(pair.second.type in ONLY_SENT for pair in PAIRS)
    assert untold > 0
    assert (goal.accepted, goal.sent, goal.delivered, goal.read) == (200, 200, 200 - untold, 200 - untold)
    assert goal.replies == sum(pair.second.answer.messages for pair in PAIRS)
