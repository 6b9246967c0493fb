"""From Pydantic's errors to the field catalogue."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic_core
import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.api.field_errors import MOST_SHOWN, field_errors
from server.domain.field_errors import FIELD_CATALOGUE


class Colour(StrEnum):
    RED = "red"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    body: Annotated[str, Field(min_length=2, max_length=3)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sender: str = Field(alias="from")
    text: Inner
    number: Annotated[int, Field(ge=1, le=9)] = 1
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    items: Annotated[list[Inner], Field(min_length=1, max_length=2)] = []
    id: UUID | None = None
    at: datetime | None = None
    digits: Annotated[str, Field(pattern=r"^\d+$")] = "1"
    flag: bool = True
    ratio: Annotated[float, Field(allow_inf_nan=False)] = 0.5


GOOD: dict[str, Any] = {"from": "x", "text": {"body": "abc"}}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"from": None}, "from", "wrong_type"),
        ({"text": {}}, "text.body", "required"),
        ({"text": {"body": "a"}}, "text.body", "too_short"),
        ({"text": {"body": "abcd"}}, "text.body", "too_long"),
        ({"text": {"body": "abc", "x": 1}}, "text.x", "unknown_field"),
        ({"text": []}, "text", "wrong_type"),
        ({"text": "\ud800"}, "text", "wrong_type"),
        ({"text": {"body": "\ud800\ud800"}}, "text.body", "invalid_unicode"),
        ({"number": 0}, "number", "too_small"),
        ({"number": 10}, "number", "too_large"),
        ({"number": 1.5}, "number", "wrong_type"),
        ({"number": "9" * 5000}, "number", "invalid_value"),
        ({"colour": "blue"}, "colour", "not_one_of"),
        ({"kind": "c"}, "kind", "not_one_of"),
        ({"items": []}, "items", "too_few_items"),
        ({"items": [{"body": "abc"}] * 3}, "items", "too_many_items"),
        ({"items": [{"body": "abc"}, {}]}, "items.1.body", "required"),
        ({"id": "x"}, "id", "invalid_uuid"),
        ({"id": 1}, "id", "invalid_uuid"),
        ({"at": "yesterday"}, "at", "invalid_time"),
        ({"digits": "x"}, "digits", "invalid_format"),
        ({"flag": "perhaps"}, "flag", "wrong_type"),
        ({"ratio": float("nan")}, "ratio", "wrong_type"),
    ],
)
def test_each_kind_has_its_code_and_path(change: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Shape.model_validate({**GOOD, **change})
    [entry] = field_errors([in_body(error) for error in caught.value.errors()])
    assert (entry.path, entry.code) == (path, code)
    assert "{" not in entry.message + entry.mend
    assert "None" not in entry.message + entry.mend
    assert "`" not in entry.message, "a fact that the sentence needs is missing"


def test_every_kind_that_pydantic_knows_has_a_code() -> None:
    for kind in pydantic_core._pydantic_core.list_all_errors():
        [entry] = field_errors([{"type": kind["type"], "loc": ("body", "x"), "ctx": kind.get("example_context") or {}}])
        assert entry.code in FIELD_CATALOGUE
        assert "{" not in entry.message


def test_a_name_that_the_client_made_up_is_shown_safely() -> None:
    [entry] = field_errors([{"type": "extra_forbidden", "loc": ("body", "\udfff" + "x" * 1000)}])
    assert entry.path.encode().startswith(b"\\udfffxxx")
    assert len(entry.path) == 100


def test_only_so_many_are_shown() -> None:
    assert len(field_errors([{"type": "missing", "loc": ("body", "x")}] * 500)) == MOST_SHOWN


def in_body(error: Any) -> dict[str, Any]:
    return {**error, "loc": ("body", *error["loc"])}
