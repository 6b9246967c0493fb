"""The answer of POST /v1/messages/explain."""

from datetime import datetime

from pydantic import Field

from server.schemas.messages import Shown


class GateShown(Shown):
    """One gate's verdict. A gate that only waits lets the message in and holds it back."""

    gate: str = Field(examples=["window_open"])
    passed: bool
    waits: bool = Field(description="It does not pass now, and may later by itself.")
    code: str | None = Field(examples=["window_closed"])
    detail: str | None
    mend: str | None = Field(description="What to do about it.")


class Explanation(Shown):
    """What would become of a message, were it sent now."""

    would_accept: bool = Field(description="`POST /v1/messages` would answer 202.")
    gates: list[GateShown]
    expected_start_at: datetime | None = Field(
        description="When it would leave by the rate of its number; null while a gate does not pass."
    )
    ahead: int = Field(description="Messages of the number that would leave before it.")
