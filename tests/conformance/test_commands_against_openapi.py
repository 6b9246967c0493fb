"""Rendered commands of every type hold against the schemas of Meta's own OpenAPI document, read where it lies.

The document is of v23 and says of some things less, or other things, than Meta's pages and its own examples do. Each
such place stands in `BEYOND` with its reason; any other difference is an error of ours.
"""

from functools import cache
from typing import Any

import jsonschema_rs
import yaml
from hypothesis import HealthCheck, given, settings

from server.schemas.outbound import SendCommand
from server.whatsapp.renderer import MARKETING_MESSAGES, Rendered, render
from tests.conformance.reference import folder
from tests.unit.whatsapp.commands import CONTENTS, commands

Json = dict[str, Any]
OPAQUE = "the document leaves out biz_opaque_callback_data, which Meta's page on messages describes"
USER_ID = "business-scoped user ids, named by `recipient` instead of `to`, came after the document"
NEWER = "the document knows no interactive message of this kind"
BEYOND = {
    ("*", "", "unexpected biz_opaque_callback_data"): OPAQUE,
    ("*", "", "unexpected recipient"): USER_ID,
    ("*", "", "missing to"): USER_ID,
    ("marketing", "", "unexpected context"): "Meta's page on marketing messages takes a context",
    ("*", "template.language", "missing policy"): "Meta's own examples leave it out",
    ("*", "template.components[].index", "pattern"): "its pattern refuses the indices 0 and 1 of its own examples",
    ("*", "template.components[].index", "type"): "its own examples give numbers",
    ("location", "location.latitude", "type"): "its own examples give numbers",
    ("location", "location.longitude", "type"): "its own examples give numbers",
    ("interactive", "interactive.type", "enum"): NEWER,
    ("interactive", "interactive.action", "oneOf"): NEWER,
    ("interactive", "interactive", "oneOf"): NEWER,
}
NEWER_THAN_THE_DOCUMENT = {
    "address_message",
    "carousel",
    "catalog_message",
    "cta_url",
    "location_request_message",
    "request_contact_info",
    "voice_call",
}
"""Kinds of interactive messages that its schema does not list, or, as catalogue messages, knows in one form only."""


def test_every_command_renders_to_what_the_document_describes() -> None:
    met: set[tuple[str, str, str]] = set()

    @settings(max_examples=1000, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(commands(tuple(CONTENTS)))
    def hold(command: SendCommand) -> None:
        rendered = render(command, opaque_id="t1.x")
        name = "marketing" if rendered.edge == MARKETING_MESSAGES else rendered.payload["type"]
        for place, what in differences(name, rendered):
            known = next((key for key in ((name, place, what), ("*", place, what)) if key in BEYOND), None)
            assert known, f"{name} {place}: {what}"
            if BEYOND[known] == NEWER:
                assert rendered.payload["interactive"]["type"] in NEWER_THAN_THE_DOCUMENT, f"{place}: {what}"
            met.add(known)

    folder()
    hold()
    assert {key for key in BEYOND if BEYOND[key] == OPAQUE} <= met, "nothing was compared"


def differences(name: str, rendered: Rendered) -> list[tuple[str, str]]:
    """Where a payload differs from its schema, and how."""
    found = []
    for error in validator(name).iter_errors(rendered.payload):
        place, kind = written(list(error.instance_path)), error.kind
        match kind.name:
            case "additionalProperties":
                found += [(place, f"unexpected {name}") for name in kind.unexpected]
            case "required":
                found.append((place, f"missing {kind.property}"))
            case _:
                found.append((place, kind.name))
    return found


def written(path: list[str | int]) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


@cache
def validator(name: str) -> Any:
    schema = "MarketingMessageRequestPayload" if name == "marketing" else f"{name.capitalize()}Message"
    schemas = {name: merged(schema) for name, schema in described().items()}
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas}})


@cache
def described() -> Json:
    (file, *_) = sorted(folder().glob("business-messaging-api_v*.yaml"), reverse=True)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schemas: Json = yaml.load(file.read_text(), Loader=loader)["components"]["schemas"]
    return schemas


def merged(schema: Any) -> Any:
    """With every `allOf` as one object: the document closes the parts of it against each other's properties."""
    if isinstance(schema, list):
        return [merged(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: merged(inner) for key, inner in schema.items() if key != "allOf"}
    if "allOf" not in schema:
        return plain
    whole: Json = {"type": "object", "properties": {}, "required": []}
    for part in (*map(resolved, schema["allOf"]), plain):
        whole["properties"] |= part.get("properties", {})
        whole["required"] += part.get("required", [])
        if part.get("additionalProperties") is False:
            whole["additionalProperties"] = False
    return whole


def resolved(part: Json) -> Any:
    return merged(described()[part["$ref"].rpartition("/")[2]] if "$ref" in part else part)
