"""docs/message-lifecycle.md says what the code does."""

import re
from pathlib import Path

import pytest

from server.domain import lifecycle
from server.domain.enums import DispatchState, MessageState
from server.domain.lifecycle import TRANSITIONS
from server.domain.reconciliation import BREAKER_OPENS_AT, MAX_ATTEMPTS

DOCUMENT = Path(__file__).parents[3] / "docs" / "message-lifecycle.md"


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text("utf-8")


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def edges(text: str) -> list[tuple[str, str]]:
    (diagram,) = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", text, re.DOTALL)
    lines = [line.strip() for line in diagram.splitlines() if line.strip()]
    found = [re.fullmatch(r"(\S+) --> (\w+)(?:: .+)?", line) for line in lines]
    assert None not in found, "a line of the diagram is no edge"
    return [(match[1], match[2]) for match in found if match]


def test_the_arrows_are_the_transitions(text: str) -> None:
    drawn = [(tail, head) for tail, head in edges(text) if tail != "[*]"]
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {(tail.value, head.value) for tail, heads in TRANSITIONS.items() for head in heads}


def test_the_beginnings_are_the_directions_and_the_schedule(text: str) -> None:
    assert {head for tail, head in edges(text) if tail == "[*]"} == {
        MessageState.RECEIVED,
        MessageState.SCHEDULED,
        MessageState.QUEUED,
    }


def test_every_state_is_explained_in_the_order_of_the_code(text: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", section(text, "The states"), re.MULTILINE)
    assert [name for name, _, _ in rows] == [state.value for state in MessageState]


def test_the_order_of_precedence_is_that_of_the_code(text: str) -> None:
    listed = re.findall(r"^\d+\. (.+)$", section(text, "Facts and dispatch state"), re.MULTILINE)
    states = [*lifecycle.FACTS_FIRST, ("", "the dispatch state"), *lifecycle.ENDED_BEFORE_META]
    assert [name.strip("`") for name in listed] == [str(state) for _, state in states]


def test_the_dispatch_states_are_named(text: str) -> None:
    assert "`, `".join(state.value for state in list(DispatchState)[:4]) + "` or `held`" in text


def test_the_numbers_of_the_reconciliation_are_those_of_the_code(text: str) -> None:
    words = {2: "twice", 5: "Five"}
    told = " ".join(section(text, "When nobody knows").split())
    assert f"fewer than {words[MAX_ATTEMPTS]}" in told
    assert f"{words[BREAKER_OPENS_AT]} ambiguous results" in told
