"""Problems: every one has all its parts, in the answer and in OpenAPI."""

import json

import pytest

from server.api.problems import MEDIA_TYPE, encode, problems
from server.domain.errors import CATALOGUE, FieldError, Refused
from server.domain.field_errors import FIELD_CATALOGUE, field_error
from server.schemas.problems import Problem


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_becomes_a_whole_problem(code: str) -> None:
    shown = Problem.model_validate_json(encode(Refused(code, "why"), "trace"))
    known = CATALOGUE[code]
    assert (shown.code, shown.status, shown.title, shown.mend) == (code, known.status, known.title, known.mend)
    assert (shown.detail, shown.trace_id, shown.errors) == ("why", "trace", [])
    assert shown.type == f"urn:treeex:problem:{code}"


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    error = FieldError("\ud800", "required", "m", "n")
    raw = encode(Refused("invalid_request", errors=(error,)), None)
    assert json.loads(raw)["errors"][0]["path"] == "?"


def test_the_document_groups_codes_by_status() -> None:
    found = problems("missing_key", "invalid_key", "not_found")
    assert set(found) == {401, 404}
    assert set(found[401]["content"][MEDIA_TYPE]["examples"]) == {"missing_key", "invalid_key"}


def test_sentences_of_the_catalogue_end_as_they_should() -> None:
    for problem in CATALOGUE.values():
        assert not problem.title.endswith(".")
        assert problem.mend.endswith(".")
    for field in FIELD_CATALOGUE.values():
        assert not field.message.endswith(".")
        assert field.mend.endswith((".", ")"))


def test_a_field_error_is_filled_with_what_is_known() -> None:
    entry = field_error("text.body", "too_long", {"max_length": 4096})
    assert entry.message == "The text has more than 4096 characters"
    assert field_error("x", "too_long").message == "The text has more than `max_length` characters"
