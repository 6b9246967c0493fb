"""When the demo has seen all that there will be."""

from typing import Any

import pytest

from server.cli.demo.scene import GREETINGS
from server.cli.demo.story import Counts, count, is_over

ACCEPTED = 2


def outbound(state: str, type_: str = "text") -> dict[str, Any]:
    return {"direction": "outbound", "state": state, "type": type_}


def summary(*, scheduled: int = 0, pending: int = 0, written: int = 1) -> dict[str, Any]:
    return {
        "scheduled": scheduled,
        "webhooks": {"pending_updates": pending},
        "inbound": {"emitted": written},
    }


def over(
    *states: str, told: dict[str, Any] | None = None, type_: str = "text", file: dict[str, str] | None = None
) -> bool:
    shown = [*(outbound(state, type_) for state in states), {"direction": "inbound", "state": "received", "file": file}]
    return is_over(told or summary(), ACCEPTED, shown)


@pytest.mark.parametrize("states", [("read", "read"), ("read", "held"), ("failed", "read"), ("played", "read")])
def test_it_is_over_when_every_message_has_its_end(states: tuple[str, ...]) -> None:
    assert over(*states)


@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "accepted", "sent", "delivered"])
def test_a_message_that_may_still_be_read_is_waited_for(state: str) -> None:
    assert not over("read", state)


@pytest.mark.parametrize("type_", ["reaction", "pin"])
def test_what_meta_only_says_to_be_sent_has_its_end_then(type_: str) -> None:
    assert over("sent", "sent", type_=type_)
    assert not over("sent", "accepted", type_=type_)


def test_a_message_that_is_not_listed_is_waited_for() -> None:
    assert not over("read")


@pytest.mark.parametrize("told", [summary(scheduled=1), summary(pending=1), summary(written=2)])
def test_what_meta_still_owes_is_waited_for(told: dict[str, Any]) -> None:
    assert not over("read", "read", told=told)


@pytest.mark.parametrize(("state", "is_waited_for"), [("due", True), ("stored", False), ("dead", False)])
def test_a_file_is_waited_for_until_it_is_here_or_given_up(state: str, *, is_waited_for: bool) -> None:
    assert over("read", "read", file={"state": state}) is not is_waited_for


def test_messages_are_counted_by_how_far_they_got() -> None:
    names = ("sent", "delivered", "read")

    def message(direction: str, reached: int) -> dict[str, Any]:
        return {"direction": direction, "times": {f"{name}_at": name in names[:reached] or None for name in names}}

    shown = [message("outbound", reached) for reached in range(4)]
    shown += [message("inbound", 0)] * (GREETINGS + 7)
    assert count(shown, 4) == Counts(accepted=4, sent=3, delivered=2, read=1, replies=7)
