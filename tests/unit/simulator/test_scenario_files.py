"""What scenario files mean, and what is said of those that mean nothing."""

from pathlib import Path

import pytest

from simulator.errors import CannotStart
from simulator.scenario.file import Call, Scenario, load, names, set_up


def read(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load(str(path))


def test_a_world_is_set_up_in_the_order_of_what_needs_what(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        """
about: all of it
people: [{first: "15550100001", count: 2, name: "Guest {n}", profile: {online: false}}]
faults: {plan: c12, seed: 1}
apps: {"1": {app_secret: s}}
accounts: {"2": {account: {name: A}, sample_templates: true, templates: {hello/en_US: {category: UTILITY}}}}
portfolios: {"9": {messaging_limit: TIER_250}}
numbers: {"3": {waba_id: "2"}}
groups: {"g": {subject: S}}
tokens: [{token: t}]
""",
    )
    calls = list(set_up(scenario, callback="http://127.0.0.1:1/"))
    assert [(call.method, call.path) for call in calls] == [
        ("PUT", "settings"),
        ("PUT", "apps/1"),
        ("PUT", "wabas/2"),
        ("POST", "wabas/2/templates/samples"),
        ("PUT", "wabas/2/templates/hello/en_US"),
        ("PATCH", "portfolios/9"),
        ("PUT", "numbers/3"),
        ("POST", "tokens"),
        ("PUT", "people/15550100001"),
        ("PUT", "people/15550100002"),
        ("PUT", "groups/g"),
        ("PUT", "faults"),
    ]
    assert calls[1].body == {"app_secret": "s", "callback_url": "http://127.0.0.1:1/"}
    assert calls[9] == Call("PUT", "people/15550100002", {"online": False, "name": "Guest 2"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("story: []", "about"),
        ("about: x\nstory: [{call: DELETE /v26.0/1}]", "call"),
        ("about: x\nstory: [{call: GET /_sim/people, times: 2}]", "every_s"),
        ("about: x\nstory: [{call: GET /_sim/people, bodies: []}]", "bodies"),
        ('about: x\npeople: [{name: "Ann"}]', "wa_id"),
        ('about: x\npeople: [{wa_id: "15550100001", count: 2}]', "first and count"),
        ("about: x\ncolour: red", "colour"),
        ("about: [", "not a scenario"),
        ("\x00", "not a scenario"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(CannotStart, match=complaint):
        read(tmp_path, text)


def test_who_names_none_hears_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="busy-shop"):
        load("busy-shoe")
    with pytest.raises(CannotStart, match="No such file"):
        load(str(tmp_path / "none.yaml"))


def test_there_are_a_dozen() -> None:
    assert len(names()) >= 12
