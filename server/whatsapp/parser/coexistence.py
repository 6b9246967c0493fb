"""Numbers that are in the WhatsApp Business app too: its messages, history and address book (Meta: coexistence)."""

from collections.abc import Iterator
from typing import Any

from server.domain.identity import phone_digits
from server.domain.lifecycle import STATUS_FACTS
from server.schemas.events import ContactSynced, Event, HistoryShared, MessageEchoed, Sender, Source, Unrecognised
from server.whatsapp.parser.messages import Envelope, open_message
from server.whatsapp.parser.senders import sender_of
from server.whatsapp.parser.values import Found, get, identifier, instant, listed, objects, word, words

_BY_NAME = ("from", "from_user_id", "from_parent_user_id")
_TO_NAME = ("to", "to_user_id", "to_parent_user_id")


def read_echoes(found: Found) -> Iterator[Event]:
    """What the business wrote in its own app."""
    echoes = listed(found.value, "message_echoes")
    if not echoes:
        yield Unrecognised(found.field, "the change has no echoes", found.number)
    yield from (_message(item, found, "app", by_business=True) for item in echoes or [])


def read_history(found: Found) -> Iterator[Event]:
    """Chunks of threads, a thread a person; media of theirs follow as messages of their own."""
    chunks, later = listed(found.value, "history") or [], listed(found.value, "messages") or []
    if not chunks and not later:
        yield Unrecognised(found.field, "the change has neither history nor messages", found.number)
    for chunk in chunks:
        yield from _chunk(chunk, found)
    yield from (_message(item, found, "history", by_business=_is_ours(item, found)) for item in later)


def read_contacts(found: Found) -> Iterator[Event]:
    """The address book of the app: contacts are added, changed and removed."""
    items = listed(found.value, "state_sync")
    if not items:
        yield Unrecognised(found.field, "the change has no contacts", found.number)
    for item in items or []:
        contact = get(item, "contact")
        phone = identifier(get(contact, "phone_number"), 32)
        digits = phone_digits(phone) if phone else None
        if digits is None:
            yield Unrecognised(found.field, "a contact without a phone number", found.number)
            continue
        name = words(get(contact, "full_name")) or words(get(contact, "first_name"))
        told = found.told(item, instant(get(item.get("metadata"), "timestamp")))
        yield ContactSynced(**told, person=Sender(name=name, phone=digits), action=word(item.get("action")) or "add")


def _chunk(chunk: Any, found: Found) -> Iterator[Event]:
    """The messages are kept one by one; what is told of the chunk as a whole holds none of them."""
    messages = [
        (thread, message) for thread in objects(chunk, "threads") for message in listed(thread, "messages") or []
    ]
    for thread, message in messages:
        by_business = _is_ours(message, found)
        yield _message(message, found, "history", by_business=by_business, thread=thread.get("id"))
    if not isinstance(chunk, dict):
        yield Unrecognised(found.field, "a chunk is not an object", found.number)
        return
    told = found.told({name: value for name, value in chunk.items() if name != "threads"})
    yield HistoryShared(**{**told, "key": found.key(chunk)}, messages=len(messages))


def _message(item: Any, found: Found, source: Source, *, by_business: bool, thread: Any = None) -> Event:
    """The person is who it was written to, or who wrote it; of history the thread's."""
    opened = open_message(item, _person(item, found, by_business=by_business, thread=thread))
    if not isinstance(opened, Envelope):
        return Unrecognised(found.field, opened, found.number)
    status = word(get(get(item, "history_context"), "status"))
    shown = status.lower() if status else None
    return MessageEchoed(
        meta_phone_number_id=found.number or "",
        wamid=opened.wamid,
        sender=opened.sender,
        at=opened.at,
        type=opened.type,
        content=opened.content(item, None),
        source=source,
        by_business=by_business,
        status=shown if shown in STATUS_FACTS else None,
        reply_to=opened.reply_to,
    )


def _person(item: Any, found: Found, *, by_business: bool, thread: Any) -> Sender | None:
    if not isinstance(item, dict):
        return None
    names = _TO_NAME if by_business else _BY_NAME
    named = {of: item.get(name) for of, name in zip(_BY_NAME, names, strict=True)}
    if named["from"] is None and named["from_user_id"] is None:
        named["from"] = thread
    return sender_of(named, listed(found.value, "contacts") or [])


def _is_ours(item: Any, found: Found) -> bool:
    """Whether the number itself wrote it."""
    wrote = identifier(get(item, "from"), 64)
    shown = identifier(get(get(found.value, "metadata"), "display_phone_number"), 64)
    return bool(wrote and shown) and _digits(wrote) == _digits(shown)


def _digits(text: str | None) -> str:
    return "".join(filter(str.isdecimal, text or ""))
