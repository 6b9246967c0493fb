"""What people told WhatsApp, and what Meta says of their names (Meta: user_preferences, business-scoped user ids)."""

from collections.abc import Iterator
from typing import Any

from server.schemas.events import Event, PreferenceStated, Sender, Unrecognised, UserIdChanged
from server.whatsapp.parser.senders import named, sender_of
from server.whatsapp.parser.values import Found, get, instant, listed, word


def read_preferences(found: Found) -> Iterator[Event]:
    """Whether a person wants marketing from this business."""
    preferences = listed(found.value, "user_preferences")
    if not preferences:
        yield Unrecognised(found.field, "the change has no preferences", found.number)
    for item in preferences or []:
        person, category, value = _person(item, found), word(get(item, "category")), word(get(item, "value"))
        if person is None or category is None or value is None:
            yield Unrecognised(found.field, "a preference without a person, a category or a value", found.number)
            continue
        told = found.told(item, instant(item.get("timestamp")))
        yield PreferenceStated(**told, person=person, category=category, value=value)


def read_user_ids(found: Found) -> Iterator[Event]:
    """A person's business-scoped id has changed: each element has the previous and the current one."""
    items = listed(found.value, "user_id_update")
    if not items:
        yield Unrecognised(found.field, "the change has no updates", found.number)
    for item in items or []:
        before, now = _side(item, "previous"), _side(item, "current")
        if before is None or now is None:
            yield Unrecognised(found.field, "an update without a previous or a current id", found.number)
            continue
        yield UserIdChanged(**found.told(item, instant(item.get("timestamp"))), person=before, became=now)


def _person(item: Any, found: Found) -> Sender | None:
    """Preferences name people as contacts do; `sender_of` reads the names of a message."""
    if not isinstance(item, dict):
        return None
    names = {"from": "wa_id", "from_user_id": "user_id", "from_parent_user_id": "parent_user_id"}
    return sender_of({of: item.get(key) for of, key in names.items()}, listed(found.value, "contacts") or [])


def _side(item: Any, side: str) -> Sender | None:
    """Of the current side the wa_id belongs to both."""
    if not isinstance(item, dict):
        return None
    bsuid, parent = named(get(item.get("user_id"), side)), named(get(item.get("parent_user_id"), side))
    wa_id = named(item.get("wa_id")) if side == "current" else None
    return Sender(wa_id, bsuid, parent) if bsuid else None
