"""Equal requests have equal hashes, others do not."""

from typing import Any

import pytest

from server.schemas.outbound import SendText
from server.services.submissions import request_hash

PLAIN = {"from": "1", "to": "+15550101", "text": {"body": "Hi"}}


def command(**changes: Any) -> SendText:
    return SendText.model_validate({**PLAIN, **changes})


@pytest.mark.parametrize(
    "same",
    [
        {"to": "1 (555) 0101"},
        {"type": "text"},
        {"text": {"preview_url": False, "body": "Hi"}},
        {"reply_to": None, "on_ambiguous": "retry"},
    ],
)
def test_defaults_and_spelling_make_no_other_request(same: dict[str, Any]) -> None:
    assert request_hash([command(**same)]) == request_hash([command()])


@pytest.mark.parametrize(
    "other",
    [
        {"from": "2"},
        {"to": "+15550102"},
        {"text": {"body": "hi"}},
        {"text": {"body": "Hi", "preview_url": True}},
        {"reply_to": "x"},
        {"client_reference": "x"},
        {"on_ambiguous": "hold"},
    ],
)
def test_every_field_counts(other: dict[str, Any]) -> None:
    assert request_hash([command(**other)]) != request_hash([command()])


def test_the_number_and_the_order_of_commands_count() -> None:
    one, two = command(), command(to="+15550102")
    hashes = {request_hash(commands) for commands in ([one], [one, one], [one, two], [two, one])}
    assert len(hashes) == 4
