"""Routes of /v1/messages: send, show, list, and the timeline."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Path, Query, Request
from pydantic import AwareDatetime, BeforeValidator

from server.api import idempotency
from server.api.auth import require
from server.api.idempotency import IdempotencyKey
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.api.straight import Answer, straight_router
from server.domain.enums import Direction, MessageState, Scope
from server.domain.errors import FieldError, Refused
from server.schemas.content.parts import Text, rfc3339
from server.schemas.messages import (
    CommandRefused,
    MessageAccepted,
    MessageFilter,
    MessageList,
    MessageShown,
    Timeline,
)
from server.schemas.outbound import CLIENT_REFERENCE_MAX, SendCommand
from server.services.api_keys import Principal

sending = straight_router("messages")
routes = router("messages")

Reader = Annotated[Principal, Depends(require(Scope.MESSAGES_READ))]
Writer = Annotated[Principal, Depends(require(Scope.MESSAGES_WRITE))]
MessageId = Annotated[UUID, Path(alias="id", description="The id of the message here.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100)]
Instant = Annotated[AwareDatetime, BeforeValidator(rfc3339)]

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The message is committed and will be sent once.",
        "headers": {
            "Location": {"description": "Where the message can be seen.", "schema": {"type": "string"}},
            idempotency.REPLAYED: {
                "description": "`true` when this is the answer to an earlier request with the same key.",
                "schema": {"type": "string", "enum": ["true"]},
            },
        },
    }
}
_EXAMPLES = {
    "text": {
        "summary": "A text",
        "value": {"from": "106540352242922", "to": "+15550100", "type": "text", "text": {"body": "Good morning"}},
    },
    "reply": {
        "summary": "An answer to a message",
        "value": {
            "from": "106540352242922",
            "to": "+15550100",
            "type": "text",
            "text": {"body": "At nine, as ever"},
            "reply_to": "wamid.HBgLMTU1NTAxMDAVAgASGBQzQTdCNUJENUE2RjQ4QkQ4AA==",
            "client_reference": "order-1001",
        },
    },
}


@sending.post(
    "/v1/messages",
    operation_id="sendMessage",
    summary="Send a message",
    status_code=202,
    response_model=MessageAccepted,
    responses=_ACCEPTED | problems("unknown_number", "window_closed", "unknown_media", *idempotency.PROBLEMS),
)
async def send(
    request: Request,
    caller: Writer,
    key: IdempotencyKey,
    command: Annotated[SendCommand, Body(openapi_examples=_EXAMPLES)],
) -> Answer:
    """Answers once the message is committed: it will be sent once. While its number is paused it waits."""
    receipt = await services(request).messages.accept(caller, [command], idempotency_key=key)
    [result] = receipt.results
    if isinstance(result, CommandRefused):
        raise Refused(result.code, result.detail, errors=tuple(FieldError(**dict(entry)) for entry in result.errors))
    location = (b"location", f"/v1/messages/{result.id}".encode())
    return Answer(receipt.written[1:-1], (location, *idempotency.told(receipt.replayed)))


@routes.get("/v1/messages", operation_id="listMessages", summary="List messages", responses=problems("invalid_cursor"))
async def list_messages(
    request: Request,
    caller: Reader,
    *,
    conversation_id: UUID | None = None,
    contact_id: UUID | None = None,
    direction: Direction | None = None,
    kind: Annotated[Text | None, Query(alias="type", min_length=1, max_length=64, examples=["template"])] = None,
    state: Annotated[MessageState | None, Query(description="What `state` shows, such as `held` or `failed`.")] = None,
    client_reference: Annotated[Text | None, Query(min_length=1, max_length=CLIENT_REFERENCE_MAX)] = None,
    sender: Annotated[UUID | None, Query(alias="from", description="The id of the number that sent.")] = None,
    after: Annotated[Instant | None, Query(description="Accepted or received at this instant or later.")] = None,
    before: Annotated[Instant | None, Query(description="Accepted or received before this instant.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MessageList:
    """The newest first. Filters narrow the list together."""
    wanted = MessageFilter(
        conversation_id=conversation_id,
        contact_id=contact_id,
        direction=direction,
        type=kind,
        state=state,
        client_reference=client_reference,
        sender=sender,
        after=after,
        before=before,
    )
    return await services(request).messages.list(caller.workspace_id, wanted, cursor=cursor, limit=limit)


@routes.get("/v1/messages/{id}", operation_id="getMessage", summary="Show a message", responses=problems("not_found"))
async def get_message(request: Request, caller: Reader, message_id: MessageId) -> MessageShown:
    return await services(request).messages.get(caller.workspace_id, message_id)


@routes.get(
    "/v1/messages/{id}/timeline",
    operation_id="getMessageTimeline",
    summary="Show everything that happened to a message",
    responses=problems("not_found"),
)
async def get_timeline(request: Request, caller: Reader, message_id: MessageId) -> Timeline:
    """Its request, every try with latency and Meta's answer, its statuses, its events, and what it waits for."""
    return await services(request).messages.timeline(caller.workspace_id, message_id)
