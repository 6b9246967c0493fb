"""Takes up an earlier run of the same data directory, as Meta would never notice its own restarts.

Called by `world.py` only. Survives: the configuration, the ledger, ids, ticks and windows, owed webhooks (their retries
begin anew) and statuses still to come. Does not: texts in chats.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from simulator.carrier import Carrier
from simulator.clock import Clock, ManualClock
from simulator.conversations import Conversations, Message
from simulator.ledger import Ledger
from simulator.limits.sends import SendLimits
from simulator.state import Store
from simulator.summary import Entry
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.sender import WebhookSender

_LAST = (None, "read", "failed")  # an expiry has no status


def restore(
    ledger: Ledger, conversations: Conversations, clock: Clock, store: Store, limits: SendLimits
) -> Sequence[str]:
    """Read the ledger and remember its messages, without their texts, and how far they have used up the limits.

    A manual clock goes on where it stood. The messages of people who moved are at their number. Returns the ids of
    those that were sent and may not have come to their end.
    """
    unfinished: dict[str, None] = {}
    for entry in ledger.replay():
        if isinstance(clock, ManualClock):
            clock.move_to(entry["at"])
        match entry["kind"]:
            case "send":
                message = _sent_message(entry)
                _recall(message, conversations, store, limits)
                conversations.add(message)
                unfinished[message.wamid] = None
            case "inbound":
                conversations.add(_inbound_message(entry))
            case "status" | "expired":
                _note_end(entry, conversations.find(entry["wamid"]))
                if entry.get("status") in _LAST:
                    unfinished.pop(entry["wamid"], None)
            case "notice":
                _note_call(entry, conversations)
    _follow_moves(conversations, store)
    return list(unfinished)


def resume(
    *,
    ledger: Ledger,
    outbox: Outbox,
    sender: WebhookSender,
    carrier: Carrier,
    conversations: Conversations,
    store: Store,
    unfinished: Iterable[str],
) -> None:
    """Send the webhooks that are owed, then let every unfinished message go on."""
    # Updates beyond the last entry were never announced; what caused them happens again below.
    for update in outbox.load(lambda seq: bool(ledger.summary.owed(seq))):
        sender.publish(update, ledger.summary.owed(update.seq))
    for message in map(conversations.known, unfinished):
        if message.phone_number_id in store.numbers:
            carrier.resume(message)


def _note_end(entry: Entry, message: Message | None) -> None:
    if message is None:
        return
    if entry["kind"] == "expired":
        message.expired = True
    else:
        message.ticks[entry["status"]] = entry["at"]
        if participants := entry.get("participants"):
            message.group_ticks.setdefault(entry["status"], set()).update(participants)


def _note_call(entry: Entry, conversations: Conversations) -> None:
    if entry["field"] == "calls" and entry["wa_id"]:
        conversations.open_window(entry["wa_id"], entry["phone_number_id"], entry["at"])


def _follow_moves(conversations: Conversations, store: Store) -> None:
    for person in store.people.values():
        if person.moved_to is not None:
            conversations.move(person.id, person.moved_to)


def _recall(message: Message, conversations: Conversations, store: Store, limits: SendLimits) -> None:
    number = store.numbers.get(message.phone_number_id)
    if number is None:
        return
    if message.group_id is not None:
        limits.recall(number, None, message.at, outside_window=False)
        return
    outside_window = not conversations.window_is_open(message.wa_id, number.id, message.at)
    limits.recall(number, message.wa_id, message.at, outside_window=outside_window)


def _sent_message(entry: Entry) -> Message:
    return Message(
        wamid=entry["wamid"],
        author="business",
        phone_number_id=entry["phone_number_id"],
        wa_id=entry["wa_id"],
        at=entry["at"],
        content={"type": entry["type"]},
        reply_to=entry["reply_to"],
        opaque=entry["biz_opaque_callback_data"],
        failure=entry["fails_with"],
        category=entry.get("category", "service"),
        group_id=entry.get("group_id"),
        expires_at=entry.get("expires_at", math.inf),
    )


def _inbound_message(entry: Entry) -> Message:
    return Message(
        wamid=entry["wamid"],
        author="person",
        phone_number_id=entry["phone_number_id"],
        wa_id=entry["wa_id"],
        at=entry["at"],
        content={"type": entry["type"]},
        reply_to=entry["reply_to"],
        group_id=entry.get("group_id"),
    )
