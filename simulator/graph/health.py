"""The `health_status` of a node: whether each thing on the way can send, and the worst of them as the answer.

Called by `numbers.py` and `accounts.py` (Meta: health status).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from simulator.graph.calls import Json

CanSend = Literal["AVAILABLE", "LIMITED", "BLOCKED"]

_WORSE: Final = ("AVAILABLE", "LIMITED", "BLOCKED")
_CODES: Final = {"PHONE_NUMBER": 141010, "WABA": 141006, "BUSINESS": 141010}


@dataclass(frozen=True, slots=True)
class Entity:
    """`why` is said where it cannot send as it should."""

    type: Literal["PHONE_NUMBER", "WABA", "BUSINESS"]
    id: str
    can_send: CanSend = "AVAILABLE"
    why: str | None = None

    def as_json(self) -> Json:
        made: Json = {"entity_type": self.type, "id": self.id, "can_send_message": self.can_send}
        if self.why is not None and self.can_send == "BLOCKED":
            made["errors"] = [
                {
                    "error_code": _CODES[self.type],
                    "error_description": self.why,
                    "possible_solution": "See WhatsApp Manager, or change the state in the simulator.",
                }
            ]
        elif self.why is not None:
            made["additional_info"] = [self.why]
        return made


def health(entities: Sequence[Entity]) -> Json:
    worst = max((entity.can_send for entity in entities), key=_WORSE.index)
    return {"can_send_message": worst, "entities": [entity.as_json() for entity in entities]}
