"""Every field of Meta's: typed events of what is whole, and never an error, whatever is put into it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.consent import words_of
from server.schemas.events import MessageEchoed, MessageReceived, Told, Unrecognised
from server.whatsapp.files import file_of
from server.whatsapp.parser import FIELDS, parse
from tests.conformance.reference import samples
from tests.integration.webhooks.fields import SAMPLES

ALL_WORDS = words_of("all")
NUMBER = "800000000000001"
WILD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "\x00",
    "\ud800",
    "x" * 5000,
    [],
    [[]],
    [None],
    {},
    {"a": {}},
)


def webhook(change: Any, entry_id: Any = "700000000000001", time: Any = 1772452800) -> dict[str, Any]:
    return {"entry": [{"id": entry_id, "time": time, "changes": [change]}]}


def events(payload: Any) -> list[Any]:
    return [event for change in parse(json.dumps(payload).encode()) for event in change.events]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, found in inner:
        yield from places(found, (*path, key))


def put(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(payload)
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return changed


def is_well(payload: Any) -> None:
    """It parses, and PostgreSQL takes all of it."""
    found = events(payload)
    assert "\\u0000" not in msgspec.json.encode(found).decode()
    for event in found:
        if isinstance(event, MessageReceived | MessageEchoed):
            file_of(event.type, event.content)
            ALL_WORDS.of_message(event.type, event.content)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_whole_is_recognised(name: str) -> None:
    found = events(webhook(SAMPLES[name].change(NUMBER)))
    assert found
    assert not any(isinstance(event, Unrecognised) for event in found)


@pytest.mark.proves("S4")
@pytest.mark.parametrize("name", SAMPLES)
def test_a_wrong_type_in_any_place_of_any_field_never_raises(name: str) -> None:
    payload = webhook(SAMPLES[name].change(NUMBER))
    for path in places(payload):
        for wrong in WILD:
            is_well(put(payload, path, wrong))


@pytest.mark.proves("S4")
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(data=st.data())
def test_the_samples_of_meta_with_changes_never_raise(data: st.DataObject) -> None:
    found = samples("webhooks")
    payload = data.draw(st.sampled_from(found)).payload
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(list(places(payload)) or [()]))
        other = data.draw(st.sampled_from(found)).payload
        value = data.draw(st.sampled_from(WILD) | st.sampled_from([other, other["entry"]]))
        payload = put(payload, path, value) if path else value
    is_well(payload)


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("value", [{}, {"metadata": {}}, {"metadata": {"phone_number_id": NUMBER}}])
def test_an_empty_field_is_told_or_unrecognised_with_a_reason(field: str, value: dict[str, Any]) -> None:
    for event in events(webhook({"field": field, "value": value})):
        assert isinstance(event, Told | MessageEchoed) or event.reason


def test_a_key_is_the_same_in_any_packing_and_another_for_anything_else() -> None:
    change = SAMPLES["a template's status"].change(NUMBER)
    (one,), (again,) = events(webhook(change)), events({**webhook(change), "object": "x"})
    assert one.key == again.key
    others = [
        webhook(change, entry_id="2"),
        webhook(change, time=1),
        webhook({**change, "field": "message_template_quality_update"}),
        webhook(put(change, ("value", "event"), "PAUSED")),
    ]
    keys = {event.key for payload in others for event in events(payload) if isinstance(event, Told)}
    assert len(keys | {one.key}) == 4  # the quality has no value there


@pytest.mark.parametrize(
    ("told", "people"),
    [("TIER_2K", 2000), (2000, 2000), ("2000", 2000), (-1, None), ("TIER_UNLIMITED", None)],
)
def test_a_limit_is_read_in_all_its_forms(told: Any, people: int | None) -> None:
    change = {"field": "business_capability_update", "value": {"max_daily_conversations_per_business": told}}
    (event,) = events(webhook(change))
    assert event.limit.people == people


@pytest.mark.parametrize("told", [None, 0, -2, "many", True, 2**40, [], "TIER_9", 1.5])
def test_what_is_no_limit_changes_none(told: Any) -> None:
    change = {"field": "business_capability_update", "value": {"max_daily_conversations_per_business": told}}
    (event,) = events(webhook(change))
    assert event.limit is None


def test_partners_are_told_of_an_account_inside_of_a_portfolios_entry() -> None:
    value = {"event": "PARTNER_REMOVED", "waba_info": {"waba_id": "700000000000009", "owner_business_id": "1"}}
    (event,) = events(webhook({"field": "account_update", "value": value}, entry_id="500000000000001"))
    assert (event.place.account, event.value) == ("700000000000009", "PARTNER_REMOVED")
