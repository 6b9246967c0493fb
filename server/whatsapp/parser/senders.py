"""Who wrote a message, from its own fields and from the contacts beside it. Pure; called by the parser only.

Meta: business-scoped user ids page. A person with a username may come without any phone number: then `from` and
`wa_id` are left out and only `from_user_id` and `user_id` name them.
"""

import re
from typing import Any

from server.schemas.events import Sender
from server.whatsapp import body

_ID_MAX = 256
_NAME_MAX = 255
_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]+")


def sender_of(message: Any, contacts: list[Any]) -> Sender | None:
    """None when nothing names the person."""
    if not isinstance(message, dict):
        return None
    wrote, bsuid = named(message.get("from")), named(message.get("from_user_id"))
    if wrote is not None and _BSUID.fullmatch(wrote):
        # Some early payloads carried the business-scoped id where the phone number used to be.
        wrote, bsuid = None, bsuid or wrote
    contact = _contact(contacts, wrote, bsuid)
    wa_id = wrote or _wa_id(contact)
    bsuid = bsuid or named(contact.get("user_id"))
    if wa_id is None and bsuid is None:
        return None
    parent = named(message.get("from_parent_user_id")) or named(contact.get("parent_user_id"))
    return Sender(wa_id, bsuid, parent, _profile_name(contact))


def _contact(contacts: list[Any], wrote: str | None, bsuid: str | None) -> dict[str, Any]:
    """The contact of this person, or an empty one. One contact alone is theirs unless it names somebody else."""
    usable = [contact for contact in contacts if isinstance(contact, dict)]
    for contact in usable:
        if (wrote and _wa_id(contact) == wrote) or (bsuid and named(contact.get("user_id")) == bsuid):
            return contact
    if len(usable) == 1 and not _names_another(usable[0], wrote, bsuid):
        return usable[0]
    return {}


def _names_another(contact: dict[str, Any], wrote: str | None, bsuid: str | None) -> bool:
    wa_id, user_id = _wa_id(contact), named(contact.get("user_id"))
    return bool((wrote and wa_id and wa_id != wrote) or (bsuid and user_id and user_id != bsuid))


def _wa_id(contact: dict[str, Any]) -> str | None:
    found = named(contact.get("wa_id"))
    return None if found is None or _BSUID.fullmatch(found) else found


def _profile_name(contact: dict[str, Any]) -> str | None:
    profile = contact.get("profile")
    name = profile.get("name") if isinstance(profile, dict) else None
    return body.text(name)[:_NAME_MAX].strip() or None if isinstance(name, str) else None


def named(value: Any) -> str | None:
    """A usable identity: short, printable, not empty."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**64:
        value = str(value)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.encode()) <= _ID_MAX:
        return None
    return value.removeprefix("+") or None
