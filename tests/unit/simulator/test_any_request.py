"""Whatever is posted to the messages endpoints: an answer or a refusal of Meta's, never a failure of the simulator."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.graph.errors import GraphError
from simulator.graph.messages import send, send_marketing
from simulator.sample_templates import SAMPLES
from simulator.state import Group
from simulator.world import World
from tests.unit.simulator.conftest import ManualClock
from tests.unit.simulator.posting import ANN, NUMBER, call_of, furnished, request_of
from tests.unit.simulator.test_interactive_content import EXAMPLES, changed
from tests.unit.simulator.test_simple_content import GOOD
from tests.unit.simulator.test_template_sends import SENDS, put
from tests.unit.simulator.test_template_sends import send as template_send

GROUP = "120363000000000001"
TEXT = {"body": "hi"}

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([ANN, "id", "link"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VALID = [
    *(request_of(type_, value) for type_, value in GOOD),
    *(request_of("interactive", changed(kind)) for kind in EXAMPLES),
    *(template_send(name, *parts, language=language) for (name, language), parts in SENDS.items()),
    request_of("text", TEXT, context={"message_id": "wamid.x"}, biz_opaque_callback_data="x", category="utility"),
    request_of("text", TEXT, to=GROUP, recipient_type="group"),
    {**request_of("text", TEXT), "to": None, "recipient": "US.1"},
    request_of("reaction", {"message_id": "wamid.x", "emoji": "🙂"}),
    request_of("pin", {"type": "pin", "message_id": "wamid.x", "expiration_days": 1}, to=GROUP, recipient_type="group"),
    {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x", "typing_indicator": {"type": "text"}},
]


def places(value: object, way: tuple = ()) -> list[tuple]:
    """The way to every value within."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for step, item in inner for place in places(item, (*way, step)))]


@st.composite
def mutants(draw: Callable) -> Any:
    """A valid request with one or two places replaced, taken away or added to."""
    request = deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(places(request)))
        request = replaced(request, place, draw(st.sampled_from(["replace", "remove", "add"])), draw(ANY_JSON), draw)
    return request


def replaced(request: Any, place: tuple, how: str, value: Any, draw: Callable) -> Any:
    if not place:
        return request if how == "remove" else value
    holder = request
    for step in place[:-1]:
        holder = holder[step]
    if how == "remove":
        del holder[place[-1]]
    elif how == "add" and isinstance(holder, dict):
        holder[draw(st.text(max_size=8))] = value
    else:
        holder[place[-1]] = value
    return request


@pytest.fixture(scope="module")
async def world() -> World:
    world = furnished(ManualClock())
    for name, language, sample in SAMPLES:
        put(world, name, sample, language)
    world.store.put(Group(GROUP, NUMBER, "Garden", [ANN]))
    yield world
    await world.close()


def answered(world: World, request: object) -> bool:
    """Whether it was accepted, by either endpoint."""
    outcomes = [outcome(world, endpoint, request) for endpoint in (send, send_marketing)]
    return any(outcomes)


def outcome(world: World, endpoint: Callable, request: object) -> bool:
    try:
        answer = endpoint(call_of(world, request))
    except GraphError as error:
        refusal = error
    else:
        return "messages" in answer or answer == {"success": True}
    assert refusal.http < 500
    assert refusal.challenge.isascii()
    assert json.dumps(refusal.as_json("trace"))
    return False


async def test_the_valid_ones_are_valid(world):
    refused = [request for request in VALID if not answered(world, request)]
    # There are an account without Direct Send, nobody with that user id and no such messages; the rest is right.
    assert len(refused) == 4


@given(request=ANY_JSON)
async def test_any_json(world, request):
    answered(world, request)


@given(type_=st.sampled_from(["text", "image", "contacts", "interactive", "template", "pin"]), value=ANY_JSON)
async def test_any_object_of_a_message(world, type_, value):
    answered(world, request_of(type_, value))


@given(request=mutants())
async def test_any_mutant_of_a_valid_request(world, request):
    answered(world, request)
