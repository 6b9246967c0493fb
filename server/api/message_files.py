"""The route that has the file of a message fetched again, after it was given up."""

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
    "/v1/messages/{id}/file/retry",
    operation_id="retryMessageFile",
    summary="Fetch a message's file again",
    responses=problems("not_found"),
)
async def retry(
    request: Request,
    caller: Annotated[Principal, Depends(require(Scope.MESSAGES_WRITE))],
    message_id: Annotated[UUID, Path(alias="id", description="The id of the message here.")],
) -> MessageShown:
    """For a `file` that is `dead`; any other is left as it is. Meta keeps files for seven days."""
    messages = services(request).messages
    await messages.get(caller.workspace_id, message_id)
    await services(request).inbound_media.retry(caller.workspace_id, message_id)
    return await messages.get(caller.workspace_id, message_id)
