"""Answers of /healthz and /readyz."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Alive(BaseModel):
    """The process runs and answers."""

    status: Literal["ok"] = "ok"


class CheckShown(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(examples=["database"])
    ok: bool
    required: bool = Field(description="Whether the process is not ready without it.")
    detail: str | None


class ReadinessShown(BaseModel):
    """Whether the process can do its work."""

    model_config = ConfigDict(from_attributes=True)

    ready: bool
    checks: list[CheckShown]
