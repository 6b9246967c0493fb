"""Routes of /v1/api-keys. Keys are made and revoked by the command line."""

from fastapi import Request

from server.api.auth import Caller
from server.api.routing import router
from server.api.state import services
from server.schemas.api_keys import ApiKeyShown

routes = router("api-keys")


@routes.get("/v1/api-keys/me", operation_id="getMyApiKey", summary="Show the key that is used")
async def me(request: Request, caller: Caller) -> ApiKeyShown:
    """A way to test a key, and to see its workspace, its scopes and when it expires."""
    return ApiKeyShown.model_validate(await services(request).api_keys.get(caller.workspace_id, caller.api_key_id))
