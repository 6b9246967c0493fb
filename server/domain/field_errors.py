"""The catalogue of what can be wrong with one field of a request: stable codes, each with a sentence and its mend.

The API maps Pydantic's errors to it, services raise from it, docs/errors.md is generated from it. Codes stay as
they are for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.errors import FieldError


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """`{names}` in the texts are filled with what the check knows, such as the limit."""

    code: str
    message: str
    mend: str


FIELD_CATALOGUE: dict[str, FieldProblem] = {
    problem.code: problem
    for problem in (
        FieldProblem("required", "The field is missing", "Add it."),
        FieldProblem("unknown_field", "There is no such field", "Remove it, or correct its spelling."),
        FieldProblem("given_twice", "The parameter is given more than once", "Give it once."),
        FieldProblem("wrong_type", "The value is not {expected}", "Send {expected}."),
        FieldProblem("too_short", "The text has fewer than {min_length} characters", "Send a longer text."),
        FieldProblem("too_long", "The text has more than {max_length} characters", "Send a shorter text."),
        FieldProblem("too_few_items", "The list has fewer than {min_length} items", "Send more items."),
        FieldProblem("too_many_items", "The list has more than {max_length} items", "Split it into several requests."),
        FieldProblem("too_small", "The number is below {least}", "Send a number from {least} on."),
        FieldProblem("too_large", "The number is above {most}", "Send a number up to {most}."),
        FieldProblem("not_one_of", "The value is none of those allowed", "Use one of {expected}."),
        FieldProblem(
            "invalid_format",
            "The text does not have the form that is needed",
            "Use the form {pattern} (a regular expression).",
        ),
        FieldProblem("invalid_uuid", "The value is not a UUID", "Use an id as the API gave it."),
        FieldProblem(
            "invalid_time",
            "The value is not an instant",
            "Use RFC 3339 with a zone, such as 2026-01-31T12:00:00Z.",
        ),
        FieldProblem("blank_text", "The text is empty or only spaces", "Send at least one visible character."),
        FieldProblem("nul_character", "The text holds a NUL character", "Remove the character U+0000."),
        FieldProblem("invalid_unicode", "The text is not valid Unicode", "Send whole characters, no lone surrogates."),
        FieldProblem(
            "invalid_recipient",
            "This is neither an international phone number nor a user id",
            "Use E.164 with the country code, such as +15550100, a user id as Meta gave it, or recipient_type group.",
        ),
        FieldProblem("exactly_one", "Exactly one of {fields} is needed", "Give one of {fields}, and only one."),
        FieldProblem("not_unique", "Two items have the same {what}", "Give each its own {what}."),
        FieldProblem("does_not_fit", "{why}", "Change the fields so that they fit together."),
        FieldProblem(
            "no_such_zone",
            "There is no time zone of that name",
            "Use a name of the IANA database, such as Europe/Berlin.",
        ),
        FieldProblem(
            "no_such_time",
            "The clocks of that zone jump over this time",
            "Choose a time before or after the change of the clocks.",
        ),
        FieldProblem(
            "waba_not_found",
            "The token's WhatsApp Business Accounts do not hold this number",
            "Give the `waba_id` that holds it, and a token that has access to both.",
        ),
        FieldProblem(
            "no_such_medium",
            "There is no such medium in this workspace",
            "Upload the file with `POST /v1/media`, or give an id that Meta gave.",
        ),
        FieldProblem("invalid_value", "The value is not valid", "Correct it as the API's description says."),
    )
}


def field_error(path: str, code: str, facts: Mapping[str, Any] | None = None) -> FieldError:
    """One entry of a problem's `errors`. `path` is dotted, as the client wrote it; the whole body is an empty path."""
    problem = FIELD_CATALOGUE[code]
    known = _Facts(facts or {})
    return FieldError(path, code, problem.message.format_map(known), problem.mend.format_map(known))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"`{key}`"
