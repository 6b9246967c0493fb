"""Webhook bodies as Meta sends most of them, an event each: three statuses of every message, and its person's answer.

The words about one message are far from each other, as on a day when many messages are on their way.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

EVENTS_A_MESSAGE = 4
_NOON = 1_772_452_800
_STATUSES = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is said about so many messages of a number. `phones`: the people, a message each in turn."""

    waba_id: str
    number_id: str
    name: str
    phones: Sequence[str]
    messages: int

    @property
    def wamids(self) -> list[str]:
        """Of the messages that were sent."""
        return [self._wamid("out", place) for place in range(self.messages)]

    def phone(self, place: int) -> str:
        return self.phones[place % len(self.phones)]

    def bodies(self) -> list[bytes]:
        """In the order in which they come."""
        said = [self._statuses(wave) for wave in range(len(_STATUSES))]
        return [*said[0], *said[1], *said[2], *(self._body(self._answer(place)) for place in range(self.messages))]

    def texts(self) -> list[bytes]:
        """The people's answers alone."""
        return [self._body(self._answer(place)) for place in range(self.messages)]

    def _statuses(self, wave: int) -> Iterator[bytes]:
        for place, wamid in enumerate(self.wamids):
            status: dict[str, Any] = {
                "id": wamid,
                "status": _STATUSES[wave],
                "timestamp": str(_NOON + wave),
                "recipient_id": self.phone(place),
            }
            if wave == 0:
                status["conversation"] = {"id": f"{place:032x}", "origin": {"type": "utility"}}
                status["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
            yield self._body({"statuses": [status]})

    def _answer(self, place: int) -> dict[str, Any]:
        phone = self.phone(place)
        text = {
            "from": phone,
            "id": self._wamid("in", place),
            "timestamp": str(_NOON + 60),
            "type": "text",
            "text": {"body": f"Thank you, order {place} has arrived. See you again soon!"},
        }
        return {"contacts": [{"profile": {"name": f"Ada {phone[-4:]}"}, "wa_id": phone}], "messages": [text]}

    def _wamid(self, way: str, place: int) -> str:
        return f"wamid.HBgLM{self.name}{way}FQIAEhgg{place:08x}"

    def _body(self, said: dict[str, Any]) -> bytes:
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550100000", "phone_number_id": self.number_id},
            **said,
        }
        entry = {"id": self.waba_id, "changes": [{"value": value, "field": "messages"}]}
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, separators=(",", ":")).encode()


def signature(secret: str, body: bytes) -> str:
    """The header that Meta sends along."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
