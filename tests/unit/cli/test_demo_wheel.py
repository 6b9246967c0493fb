"""The demo sends all that the API takes: a type that is added to the commands and not to the wheel turns this red."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from server.cli.demo.answers import Seen
from server.cli.demo.contents import FILES, Occasion
from server.cli.demo.wheel import FIRST, WHEEL, Kind, turn
from server.schemas.content.interactive import Interactive
from server.schemas.outbound import COMMAND, SendCommand
from server.whatsapp.renderer import render
from simulator import samples

OCCASION = Occasion(
    name="Ada",
    greeting="wamid.of-ada",
    media={name: f"10000000000000{place}" for place, name in enumerate(FILES)},
    group_id="120363000000000001",
    group_greeting="wamid.of-the-group",
)


def command(kind: Kind) -> SendCommand:
    return COMMAND.validate_python({"from": "100000000000001", "to": "+12025550110", **kind.command(OCCASION)})


def types_of(union: Any) -> Iterator[str]:
    """The values of `type` in a union that is told apart by it."""
    for model in get_args(get_args(union)[0]):
        assert issubclass(model, BaseModel)
        yield get_args(model.model_fields["type"].annotation)[0]


def test_every_type_of_command_has_its_turn() -> None:
    assert {command(kind).type for kind in (FIRST, *WHEEL)} == {*types_of(SendCommand)}


def test_every_interactive_message_has_its_turn() -> None:
    sent = {command(kind).interactive.type for kind in WHEEL if kind.type == "interactive"}
    assert sent == {*types_of(Interactive)}


def test_everything_around_a_message_has_its_turn() -> None:
    sent = [command(kind) for kind in WHEEL]
    assert any(one.reply_to == OCCASION.greeting for one in sent)
    assert any(one.recipient_type == "group" for one in sent)
    assert any(getattr(one, "category", None) == "utility" for one in sent)
    assert any(getattr(one, "marketing", None) is not None for one in sent)
    assert any(kind.by_user_id for kind in WHEEL)


@pytest.mark.parametrize("kind", [FIRST, *WHEEL], ids=lambda kind: kind.name)
def test_the_type_is_the_one_that_meta_sees(kind: Kind) -> None:
    assert render(command(kind), opaque_id="t1.x").payload["type"] == kind.type


def test_the_names_differ() -> None:
    names = [kind.name for kind in (FIRST, *WHEEL)]
    assert len(set(names)) == len(names)


def test_the_wheel_turns() -> None:
    assert [turn(place) for place in range(len(WHEEL))] == [*WHEEL]
    assert turn(len(WHEEL)) is WHEEL[0]


@pytest.mark.parametrize("kind", WHEEL, ids=lambda kind: kind.name)
def test_everything_is_answered_by_habit_or_by_hand(kind: Kind) -> None:
    seen = Seen("300000000000001", "wamid.theirs", OCCASION.group_id, "wamid.own")
    calls = [gesture(seen) for gesture in kind.answer.gestures]
    assert bool(calls) is not bool(kind.answer.behaviour)
    assert kind.answer.messages == sum(path not in ("plays", "calls") for path, _ in calls) or not calls
    assert {body["sample"] for _, body in calls if "sample" in body} <= samples.TYPES.keys()


def test_the_files_are_what_the_simulator_has() -> None:
    assert {name: samples.TYPES[name].split(";")[0] for name in FILES} == FILES
