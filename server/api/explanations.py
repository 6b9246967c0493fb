"""The route that says what would become of a message, and sends nothing."""

from typing import Annotated

from fastapi import Body, Depends, Request

from server.api.auth import require
from server.api.routing import router
from server.api.state import services
from server.domain.enums import Scope
from server.schemas.explanations import Explanation
from server.schemas.outbound import SendCommand
from server.services.api_keys import Principal

routes = router("messages")


@routes.post("/v1/messages/explain", operation_id="explainMessage", summary="Ask what would become of a message")
async def explain(
    request: Request,
    caller: Annotated[Principal, Depends(require(Scope.MESSAGES_READ))],
    command: Annotated[SendCommand, Body()],
) -> Explanation:
    """Runs every gate, and says when the message would leave. Nothing is sent and nothing is stored."""
    return await services(request).explanations.explain(caller, command)
