"""People answer what has arrived, once, in the order of their gestures."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server.cli.demo.people import People
from server.cli.demo.scene import Number, Pair
from server.cli.demo.wheel import WHEEL
from server.cli.up.simulated_meta import Secrets, SimulatedMeta

NUMBER = Number(UUID(int=9), "300000000000001", "120363000000000001")
MESSAGE = UUID(int=1)


class Hands(SimulatedMeta):
    """Writes down what people are told to do."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", Secrets("", "", ""))
        self.done: list[tuple[str, str, Mapping[str, object]]] = []

    def act(self, wa_id: str, gesture: str, body: Mapping[str, object]) -> str | None:
        self.done.append((wa_id, gesture, body))
        return f"wamid.{len(self.done)}" if gesture == "messages" else None


def people(kind: str) -> tuple[Hands, People]:
    [second] = [one for one in WHEEL if one.name == kind]
    hands = Hands()
    return hands, People(hands, {MESSAGE: Pair("12025550110", "Ada Berg", NUMBER, second)})


def shown(type_: str, state: str) -> list[dict[str, Any]]:
    order = ["accepted", "sent", "delivered"]
    times = {f"{name}_at": name in order[: order.index(state) + 1] or None for name in order if state in order}
    message = {"id": str(MESSAGE), "direction": "outbound", "type": type_, "state": state, "wamid": "wamid.x"}
    return [{**message, "times": {"sent_at": None, "delivered_at": None, **times}}]


async def test_a_message_is_answered_once_it_is_delivered() -> None:
    hands, some = people("image")
    await some.answer(shown("image", "sent"))
    assert (hands.done, some.are_done(shown("image", "sent"))) == ([], False)
    assert [await some.answer(shown("image", "delivered")) for _ in range(2)] == [True, False]
    assert hands.done == [("12025550110", "reactions", {"message_id": "wamid.x", "emoji": "😍"})]
    assert some.are_done(shown("image", "delivered"))


async def test_what_is_only_sent_is_answered_then() -> None:
    hands, some = people("reaction")
    await some.answer(shown("reaction", "accepted"))
    assert hands.done == []
    await some.answer(shown("reaction", "sent"))
    assert len(hands.done) == 1


async def test_gestures_follow_each_other_and_know_what_came_of_the_one_before() -> None:
    hands, some = people("one-time password")
    await some.answer(shown("template", "delivered"))
    assert [(gesture, body.get("message_id")) for _, gesture, body in hands.done] == [
        ("messages", None),
        ("edits", "wamid.1"),
    ]


async def test_nobody_waits_for_what_will_not_come() -> None:
    hands, some = people("image")
    for state in ("held", "failed"):
        await some.answer(shown("image", state))
        assert some.are_done(shown("image", state))
    assert hands.done == []


async def test_who_answers_by_habit_is_left_alone() -> None:
    hands, some = people("list")
    await some.answer(shown("interactive", "delivered"))
    assert (hands.done, some.are_done(shown("interactive", "sent"))) == ([], True)
