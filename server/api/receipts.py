"""The route that marks a received message as read, and shows that an answer is being written."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from server.api.auth import require
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.domain.enums import Scope
from server.services.api_keys import Principal

routes = router("messages")


class Read(BaseModel):
    """What the person is shown."""

    model_config = ConfigDict(extra="forbid")

    typing: bool = Field(
        False, description="Also show that an answer is being written: for 25 seconds, or until it is."
    )


_SILENT = Read(typing=False)


@routes.post(
    "/v1/messages/{id}/read",
    operation_id="markMessageRead",
    summary="Mark a received message as read",
    status_code=204,
    responses=problems("not_found", "not_received", "receipt_refused", "token_refused", "meta_unreachable"),
)
async def mark_read(
    request: Request,
    caller: Annotated[Principal, Depends(require(Scope.MESSAGES_WRITE))],
    message_id: Annotated[UUID, Path(alias="id", description="The id of the message here.")],
    wanted: Read = _SILENT,
) -> Response:
    """The person sees it as read, and with it the earlier ones of the chat. Repeating it is harmless."""
    await services(request).receipts.mark_read(caller.workspace_id, message_id, typing=wanted.typing)
    return Response(status_code=204)
