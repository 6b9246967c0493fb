"""What fits a stored template and what does not, and that nothing unknown is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import template_fit

ORDER = [
    {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
    {"type": "BODY", "text": "{{2}}, your order of {{1}} left {{ 3 }}. Again: {{1}}"},
    {"type": "FOOTER", "text": "no {{1}} here"},
    {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Track", "url": "https://shop.example/{{1}}"}]},
]
NAMED = [{"type": "BODY", "text": "Hello {{first_name}}, {{ amount }} is due"}]


def filled(part: str, *values: str, **named: str) -> dict[str, Any]:
    parameters: list[dict[str, str]] = [{"type": "text", "text": value} for value in values]
    parameters += [{"type": "text", "text": value, "parameter_name": name} for name, value in named.items()]
    return {"type": part, "parameters": parameters}


def misfit(components: list[Any], *sent: dict[str, Any]) -> str | None:
    return template_fit.misfit(template_fit.texts(components), sent)


@pytest.mark.parametrize(
    ("components", "sent"),
    [
        (ORDER, [filled("header", "7"), filled("body", "a", "b", "c")]),
        (ORDER, [filled("HEADER", "7"), filled("Body", "a", "b", "c"), {"type": "button", "index": 0}]),
        (NAMED, [filled("body", amount="5", first_name="Ada")]),
        ([{"type": "BODY", "text": "Nothing to fill"}], []),
        ([{"type": "BODY", "text": "Nothing to fill"}], [{"type": "body", "parameters": None}]),
    ],
)
def test_what_fits_passes(components: list[Any], sent: list[dict[str, Any]]) -> None:
    assert misfit(components, *sent) is None


@pytest.mark.parametrize(
    ("components", "sent", "words"),
    [
        (ORDER, [filled("header", "7"), filled("body", "a", "b")], "body takes 3 parameters, and 2 came"),
        (ORDER, [filled("header", "7"), filled("body", "a", "b", "c", "d")], "body takes 3 parameters, and 4 came"),
        (ORDER, [filled("body", "a", "b", "c")], "header takes 1 parameter, and 0 came"),
        (ORDER, [filled("header", "7"), filled("body", x="a", y="b", z="c")], "leave out parameter_name"),
        (NAMED, [filled("body", "Ada", "5")], "takes a parameter_name 'amount'"),
        (NAMED, [filled("body", amount="5", name="Ada")], "takes a parameter_name 'first_name'"),
        ([{"type": "BODY", "text": "Nothing to fill"}], [filled("body", "a")], "body takes 0 parameters, and 1 came"),
    ],
)
def test_what_does_not_fit_is_told(components: list[Any], sent: list[dict[str, Any]], words: str) -> None:
    assert words in (misfit(components, *sent) or "it fits")


def test_a_header_that_is_a_picture_is_not_judged() -> None:
    components = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Look"}]
    assert misfit(components, {"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]}) is None


def test_what_is_not_known_of_a_template_is_not_judged() -> None:
    assert misfit([], filled("body", "a"), filled("header", "b")) is None
    assert misfit(["a text", None, {"type": "BODY"}, {"text": "{{1}}"}], filled("body", "a")) is None


NAMES = st.sampled_from(["type", "format", "text", "other"])
VALUES = st.sampled_from(["HEADER", "BODY", "TEXT", "{{1}}", "{{}}", "", None, 7, [], {}])


@given(st.lists(st.dictionaries(NAMES, VALUES) | VALUES))
def test_no_stored_components_raise(components: list[Any]) -> None:
    template_fit.texts(components)


@given(st.integers(0, 12), st.integers(0, 12))
def test_positional_parameters_are_counted_each_once(wanted: int, sent: int) -> None:
    text = " ".join(f"{{{{{place}}}}} {{{{{place}}}}}" for place in range(wanted, 0, -1))
    body = {"type": "BODY", "text": text or "nothing"}
    assert template_fit.variables(text) == tuple(str(place) for place in range(1, wanted + 1))
    assert (misfit([body], filled("body", *["x"] * sent)) is None) == (wanted == sent)
