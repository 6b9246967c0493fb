"""Answers of /v1/api-keys."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.domain.enums import Scope


class ApiKeyShown(BaseModel):
    """An API key. Its secret is shown once, when it is made."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workspace_id: UUID
    key_id: str = Field(description="The public part of the key, behind `treeex_live_`.")
    name: str
    environment: str = Field(examples=["live"])
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
