"""The route that takes many messages at once: one request, one transaction, a result for each."""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SkipValidation, ValidationError

from server.api import idempotency
from server.api.auth import require
from server.api.field_errors import field_errors
from server.api.idempotency import IdempotencyKey
from server.api.problems import problems
from server.api.state import services
from server.api.straight import Answer, straight_router
from server.domain.enums import Scope
from server.domain.errors import CATALOGUE, FieldError
from server.schemas.messages import Accepted, BatchAnswer, CommandRefused, Result, encode
from server.schemas.outbound import COMMAND, SendCommand
from server.schemas.problems import FieldEntry
from server.services.api_keys import Principal
from server.services.messages import BATCH

MESSAGES_MAX = 1000

routes = straight_router("messages")


class Batch(BaseModel):
    """Up to 1,000 commands, each as for `POST /v1/messages`. They are judged one by one."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[dict[str, SkipValidation[JsonValue]]], Field(min_length=1, max_length=MESSAGES_MAX)]


@routes.post(
    "/v1/messages/batch",
    operation_id="sendMessages",
    summary="Send many messages",
    status_code=202,
    response_model=BatchAnswer,
    responses=problems(*idempotency.PROBLEMS),
)
async def send_batch(
    request: Request,
    caller: Annotated[Principal, Depends(require(Scope.MESSAGES_WRITE))],
    key: IdempotencyKey,
    batch: Batch,
) -> Answer:
    """Answers once all that is accepted is committed, together. `results` has one entry for each message, in order:
    one that is refused keeps no other from being sent."""
    read = [_read(place, message) for place, message in enumerate(batch.messages)]
    commands = [one for one in read if not isinstance(one, CommandRefused)]
    if not commands:
        return Answer(encode({"accepted": 0, "refused": len(read), "results": read}))
    receipt = await services(request).messages.accept(caller, commands, idempotency_key=key, endpoint=BATCH)
    accepted = sum(isinstance(one, Accepted) for one in receipt.results)
    if accepted == len(read):
        results = receipt.written
    else:
        judged = iter(receipt.results)
        results = encode(
            [one if isinstance(one, CommandRefused) else _placed(place, next(judged)) for place, one in enumerate(read)]
        )
    body = b'{"accepted":%d,"refused":%d,"results":%b}' % (accepted, len(read) - accepted, results)
    return Answer(body, idempotency.told(receipt.replayed))


def _read(place: int, message: dict[str, Any]) -> SendCommand | CommandRefused:
    try:
        return COMMAND.validate_python(message)
    except ValidationError as invalid:
        found = field_errors([{**error, "loc": ("body", *error["loc"])} for error in invalid.errors()], SendCommand)
        problem = CATALOGUE["invalid_request"]
        return CommandRefused(
            code=problem.code, detail=problem.title, errors=tuple(_entry(place, error) for error in found)
        )


def _placed(place: int, result: Result) -> Result:
    """The same, with its errors where the sender of the batch wrote them."""
    if not isinstance(result, CommandRefused) or not result.errors:
        return result
    return result.model_copy(update={"errors": tuple(_entry(place, entry) for entry in result.errors)})


def _entry(place: int, error: FieldError | FieldEntry) -> FieldEntry:
    path = f"messages.{place}.{error.path}".rstrip(".")
    return FieldEntry(path=path, code=error.code, message=error.message, mend=error.mend)
