"""The route that ends a doubt by hand: what became of a message that is `unknown` or `held`."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from server.api.auth import require
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.domain.enums import Scope
from server.schemas.messages import MessageShown
from server.services.api_keys import Principal
from server.services.reconciliation import Resolution

routes = router("messages")


class Resolve(BaseModel):
    """What is decided: send it once more, or take it as sent or as failed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"as": "retry"}]})

    resolution: Annotated[Resolution, Field(alias="as", description="`retry`, `sent` or `failed`.")]


@routes.post(
    "/v1/messages/{id}/resolve",
    operation_id="resolveMessage",
    summary="Decide about a message in doubt",
    responses=problems("not_found", "not_ambiguous"),
)
async def resolve(
    request: Request,
    caller: Annotated[Principal, Depends(require(Scope.MESSAGES_WRITE))],
    message_id: Annotated[UUID, Path(alias="id", description="The id of the message here.")],
    wanted: Resolve,
) -> MessageShown:
    """`retry` may deliver it twice if Meta has it after all. A status that comes later corrects every decision."""
    messages = services(request).messages
    await messages.get(caller.workspace_id, message_id)
    await services(request).resolutions.resolve(caller.workspace_id, message_id, wanted.resolution)
    return await messages.get(caller.workspace_id, message_id)
