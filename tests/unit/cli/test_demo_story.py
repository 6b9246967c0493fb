"""When the demo has seen all that there will be."""

from typing import Any

import pytest

from server.cli.demo.story import Counts, is_over

ACCEPTED = 2


def outbound(state: str) -> dict[str, Any]:
    return {"direction": "outbound", "state": state}


def summary(*, scheduled: int = 0, pending: int = 0, written: int = 1) -> dict[str, Any]:
    return {
        "scheduled": scheduled,
        "webhooks": {"pending_updates": pending},
        "inbound": {"emitted": written},
    }


def over(*states: str, told: dict[str, Any] | None = None) -> bool:
    shown = [*map(outbound, states), {"direction": "inbound", "state": "received"}]
    return is_over(told or summary(), Counts(accepted=ACCEPTED, read=states.count("read")), shown)


@pytest.mark.parametrize("states", [("read", "read"), ("read", "held"), ("failed", "read")])
def test_it_is_over_when_every_message_has_its_end(states: tuple[str, ...]) -> None:
    assert over(*states)


@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "accepted", "sent", "delivered"])
def test_a_message_that_may_still_be_read_is_waited_for(state: str) -> None:
    assert not over("read", state)


def test_a_message_that_is_not_listed_is_waited_for() -> None:
    assert not over("read")


@pytest.mark.parametrize("told", [summary(scheduled=1), summary(pending=1), summary(written=2)])
def test_what_meta_still_owes_is_waited_for(told: dict[str, Any]) -> None:
    assert not over("read", "read", told=told)
