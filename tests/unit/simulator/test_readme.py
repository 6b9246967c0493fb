"""The examples in the simulator's README are what the simulator takes."""

import re
from pathlib import Path

import msgspec
import pytest

import simulator
from simulator.control.webhooks import StatusBody
from simulator.faults.planned import faults_from_file
from simulator.faults.plans import PLANS
from simulator.faults.rules import AnyRule
from simulator.payloads.fields import FIELDS
from simulator.payloads.messages import AnyContent, ErrorsOnly
from simulator.scenario.file import Scenario, ready
from simulator.settings import Settings

README = (Path(simulator.__file__).parent / "README.md").read_text()
FAULTS = re.findall(r"/_sim/faults -d '(\[.*?\])'", README, re.DOTALL)
KINDS = {rule.__struct_config__.tag for rule in AnyRule.__args__}


@pytest.mark.parametrize("example", FAULTS)
def test_examples_of_faults_are_rules(example, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text(example)
    assert faults_from_file(path)


def test_every_kind_of_fault_has_an_example():
    shown = {rule.kind for example in FAULTS for rule in msgspec.json.decode(example, type=list[AnyRule])}
    assert shown == KINDS


@pytest.mark.parametrize("example", re.findall(r"/_sim/webhooks -d '(\{.*?\})'\n", README, re.DOTALL))
def test_examples_of_webhooks_can_be_told(example):
    body = msgspec.json.decode(example)
    places = ("field", "phone_number_id", "waba_id", "business_id", "from")
    arguments = {name: value for name, value in body.items() if name not in places}
    if body["field"] != "messages":
        type_ = FIELDS[body["field"]]
    elif "from" in body:
        type_ = AnyContent
    else:
        type_ = StatusBody if "status" in body else ErrorsOnly
    assert msgspec.convert(arguments, type_)


def test_every_plan_has_a_line():
    assert set(re.findall(r"^\| `(c\d+[a-z-]*)` \|", README, re.MULTILINE)) == PLANS.keys()


def test_the_defaults_of_the_settings_are_the_defaults():
    example = re.search(r"/_sim/settings -d '(\{.*?\})'", README, re.DOTALL)[1]
    assert msgspec.json.decode(example, type=Settings) == Settings()
    assert msgspec.json.decode(example).keys() == msgspec.to_builtins(Settings()).keys()


def test_every_ready_scenario_has_a_line():
    for name, about in ready().items():
        assert f"| `{name}` | {about} |" in README


def test_the_scenario_that_is_shown_is_one():
    [shown] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    scenario = msgspec.yaml.decode(shown.encode(), type=Scenario)
    assert scenario.wa_ids() == ["15550100001", "12025550100", "12025550101"]
