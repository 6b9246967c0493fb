"""Reading values that may be anything. Pure; every function gives None where a value is not of use, and none raises."""

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct

from server.schemas.events import Place
from server.whatsapp import body

WAMID_MAX = 512
"""Bytes. Meta's have about 60; the database's index takes no more than 2,700."""
ID_MAX = 128
NAME_MAX = 64
WORDS_MAX = 512
_EARLIEST = int(datetime(2009, 1, 1, tzinfo=UTC).timestamp())
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())


class Found(Struct, frozen=True):
    """A change of Meta's form, with what stands around it. `number` is Meta's id, if it names one."""

    field: str
    value: dict[str, Any]
    number: str | None
    entry_id: Any
    entry_time: Any

    @property
    def place(self) -> Place:
        """A number, or else an account. Of what partners are told, the entry is a portfolio and the account inside."""
        inside = get(get(self.value, "waba_info"), "waba_id")
        account = identifier(inside, ID_MAX) or identifier(self.entry_id, ID_MAX)
        shown = self.value.get("display_phone_number")
        digits = "".join(filter(str.isdecimal, shown[:NAME_MAX])) if isinstance(shown, str) else ""
        return Place(self.number, None if self.number else account, digits or None)

    @property
    def at(self) -> datetime | None:
        return instant(self.entry_time)

    def key(self, part: Any) -> bytes:
        """The same whenever Meta tells this part of the change again, however it is packed then."""
        named = [self.entry_id, self.entry_time, self.field, self.number, part]
        text = json.dumps(body.storable(named), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()

    def told(self, part: dict[str, Any], at: datetime | None = None) -> dict[str, Any]:
        """The arguments that every event without a wamid takes."""
        return {"place": self.place, "key": self.key(part), "content": body.storable(part), "at": at or self.at}


def instant(value: Any) -> datetime | None:
    """Seconds since 1970, as text or number. None outside 2009 (before WhatsApp) to 2100."""
    if isinstance(value, str):
        return _second(value) if len(value) <= 12 else None
    return _moment(value) if is_integer(value) else None


@lru_cache(maxsize=1024)
def _second(digits: str) -> datetime | None:
    """Kept, because hundreds of a batch happened in the same second."""
    return _moment(int(digits)) if digits.isascii() and digits.isdigit() else None


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if _EARLIEST <= seconds < _LATEST else None


def identifier(value: Any, longest: int) -> str | None:
    """A name that Meta gave to something, as text of at most `longest` bytes; None when it cannot be one."""
    if not isinstance(value, str):
        return str(value) if is_integer(value) and abs(value) < 2**64 else None
    if not value or len(value) > longest or not value.isprintable():
        return None
    return value if value.isascii() or len(value.encode()) <= longest else None


def word(value: Any) -> str | None:
    """One of Meta's words, such as APPROVED."""
    return identifier(value, NAME_MAX)


def words(value: Any) -> str | None:
    """A text for people, cut where it is too long."""
    return body.text(value[:WORDS_MAX]).strip() or None if isinstance(value, str) else None


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def listed(value: Any, key: str) -> list[Any] | None:
    found = get(value, key)
    return found if isinstance(found, list) else None


def objects(value: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list; what else is in it is left out."""
    return [item for item in listed(value, key) or [] if isinstance(item, dict)]


def first_missing(*needed: tuple[str, object]) -> str:
    return next((problem for problem, found in needed if found is None), "")
