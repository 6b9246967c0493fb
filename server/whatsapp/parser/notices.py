"""What moves no state here and is passed on: calls, flows, groups, and fields that Meta describes little or not."""

from collections.abc import Iterator
from typing import Any

from server.schemas.events import Event, Noticed, Unrecognised
from server.whatsapp.parser.values import WAMID_MAX, Found, get, identifier, instant, listed, word


def read_calls(found: Found) -> Iterator[Event]:
    """Calls begin, end and have recordings; of those that the business makes there are statuses (Meta: calling)."""
    yield from _each(found, "calls", about="call", word_of="event", id_of="id")
    yield from _each(found, "statuses", about="call", word_of="status", id_of="id")
    if not listed(found.value, "calls") and not listed(found.value, "statuses"):
        yield _whole(found, "call")


def read_flows(found: Found) -> Iterator[Event]:
    """The status of a flow, and how its clients and endpoint do (Meta: flows webhooks)."""
    yield _whole(found, "flow", identifier(found.value.get("flow_id"), WAMID_MAX))


def read_groups(found: Found) -> Iterator[Event]:
    """Groups are made and deleted, people join and leave, settings change (Meta: groups webhooks)."""
    yield from _each(found, "groups", about="group", word_of="type", id_of="group_id")
    if not listed(found.value, "groups"):
        yield _whole(found, "group")


def read_automatic(found: Found) -> Iterator[Event]:
    """Meta noticed a lead or a purchase in a chat that an advertisement began."""
    yield from _each(found, "automatic_events", about="lead", word_of="event_name", id_of="id")
    if not listed(found.value, "automatic_events"):
        yield _whole(found, "lead")


def read_other(found: Found) -> Iterator[Event]:
    """Named in Meta's dashboards, with no description of what is in it."""
    yield _whole(found, found.field)


def _each(found: Found, key: str, *, about: str, word_of: str, id_of: str) -> Iterator[Event]:
    for item in listed(found.value, key) or []:
        if not isinstance(item, dict):
            yield Unrecognised(found.field, f"an element of {key} is not an object", found.number)
            continue
        told = found.told(_with_contacts(item, found), instant(item.get("timestamp")))
        subject = identifier(item.get(id_of), WAMID_MAX)
        yield Noticed(**told, about=about, value=word(item.get(word_of)), subject=subject)


def _with_contacts(item: dict[str, Any], found: Found) -> dict[str, Any]:
    contacts = listed(found.value, "contacts")
    return {"contacts": contacts, **item} if contacts else item


def _whole(found: Found, about: str, subject: str | None = None) -> Noticed:
    at = instant(get(found.value, "timestamp"))
    value = word(found.value.get("event"))
    return Noticed(**found.told(found.value, at), about=about, value=value, subject=subject)
