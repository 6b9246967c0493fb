"""The route that cancels a message which has not left."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from server.api.auth import require
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.domain.enums import Scope
from server.schemas.messages import MessageShown
from server.services.api_keys import Principal

routes = router("messages")


@routes.post(
    "/v1/messages/{id}/cancel",
    operation_id="cancelMessage",
    summary="Cancel a message",
    responses=problems("not_found", "not_cancellable"),
)
async def cancel(
    request: Request,
    caller: Annotated[Principal, Depends(require(Scope.MESSAGES_WRITE))],
    message_id: Annotated[UUID, Path(alias="id", description="The id of the message here.")],
) -> MessageShown:
    """When this answers 200, the message will never be sent. Repeating it changes nothing."""
    messages = services(request).messages
    shown = await messages.get(caller.workspace_id, message_id)
    if shown.state == "cancelled":
        return shown
    await services(request).cancellations.cancel(caller.workspace_id, message_id)
    return await messages.get(caller.workspace_id, message_id)
