"""Routes of /v1/conversations: list, show, and their messages."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request

from server.api.messages import Cursor, Limit, Reader
from server.api.problems import problems
from server.api.routing import router
from server.api.state import services
from server.schemas.conversations import ConversationList, ConversationShown
from server.schemas.messages import MessageList

routes = router("conversations")

ConversationId = Annotated[UUID, Path(alias="id", description="The id of the conversation.")]


@routes.get(
    "/v1/conversations",
    operation_id="listConversations",
    summary="List conversations",
    responses=problems("invalid_cursor"),
)
async def list_conversations(
    request: Request, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> ConversationList:
    """The last active first. One that becomes active while you read on moves to the front."""
    return await services(request).conversations.list(caller.workspace_id, cursor=cursor, limit=limit)


@routes.get(
    "/v1/conversations/{id}",
    operation_id="getConversation",
    summary="Show a conversation",
    responses=problems("not_found"),
)
async def get_conversation(request: Request, caller: Reader, conversation_id: ConversationId) -> ConversationShown:
    return await services(request).conversations.get(caller.workspace_id, conversation_id)


@routes.get(
    "/v1/conversations/{id}/messages",
    operation_id="listConversationMessages",
    summary="List the messages of a conversation",
    responses=problems("not_found", "invalid_cursor"),
)
async def list_messages(
    request: Request, caller: Reader, conversation_id: ConversationId, cursor: Cursor = None, limit: Limit = 50
) -> MessageList:
    """Both directions, the newest first."""
    return await services(request).conversations.messages(
        caller.workspace_id, conversation_id, cursor=cursor, limit=limit
    )
