"""What services write is what the API documents."""

from datetime import UTC, datetime

import pytest

from server.core.ids import new_id
from server.schemas.messages import Accepted, CommandRefused, MessageAccepted, Result, decode, encode
from server.schemas.problems import FieldEntry

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def accepted(at: datetime = AT, **changes: object) -> Accepted:
    values = {"client_reference": None, "send_at": None, "expires_at": None, **changes}
    return Accepted(
        id=new_id(),
        state="queued",
        sender=new_id(),
        to="+15550100123",
        created_at=at,
        conversation_id=new_id(),
        contact_id=new_id(),
        **values,  # type: ignore[arg-type] # of the right types each
    )


@pytest.mark.parametrize(
    "given",
    [
        accepted(),
        accepted(AT.replace(microsecond=120), client_reference='Ü "1"'),
        accepted(send_at=AT, expires_at=AT.replace(microsecond=1)),
    ],
)
def test_an_accepted_message_is_written_as_its_documented_model_would_be(given: Accepted) -> None:
    documented = MessageAccepted.model_validate_json(encode(given))
    assert documented.model_dump_json().encode() == encode(given)


def test_what_is_kept_is_read_as_it_was_written() -> None:
    entry = FieldEntry(path="image.id", code="no_such_medium", message="-", mend="-")
    refused = CommandRefused(code="unknown_media", detail="-", errors=(entry,))
    results: tuple[Result, ...] = (accepted(), refused, accepted(client_reference="1"))
    assert decode(encode(results).decode()) == results
