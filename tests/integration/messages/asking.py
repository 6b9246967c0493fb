"""Commands of tests, and how they are given to the service."""

from typing import Any

from server.schemas.outbound import COMMAND, SendCommand
from server.services.messages import Messages
from tests.integration.seed import Workspace


def notice(sender: object, to: str) -> SendCommand:
    """A command that needs no open window, so that it may go to people whom nobody knows yet."""
    template = {"name": "parcel_is_here", "language": {"code": "en_US"}}
    return COMMAND.validate_python({"from": str(sender), "to": to, "type": "template", "template": template})


async def accept(messages: Messages, workspace: Workspace, *commands: SendCommand, key: str | None = None) -> Any:
    """The results of a request."""
    return (await messages.accept(workspace.principal, commands, idempotency_key=key)).results
