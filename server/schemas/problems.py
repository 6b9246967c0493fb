"""The shape of every answer that is no success (RFC 9457). OpenAPI documents it from here."""

from pydantic import BaseModel, ConfigDict, Field


class FieldEntry(BaseModel):
    """What is wrong with one field."""

    path: str = Field(description="Dotted, as the client wrote it; empty for the whole body.", examples=["text.body"])
    code: str = Field(description="Stable; docs/errors.md lists all.", examples=["too_long"])
    message: str
    mend: str


class Problem(BaseModel):
    """A refusal: what it is, and how to mend it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:treeex:problem:invalid_request"])
    title: str
    status: int = Field(ge=400, le=599)
    code: str = Field(description="Stable; docs/errors.md lists all.", examples=["invalid_request"])
    detail: str
    mend: str = Field(description="What to do about it.")
    errors: list[FieldEntry]
    trace_id: str | None = Field(description="Also in `X-Request-Id`; names this request in the logs.")
