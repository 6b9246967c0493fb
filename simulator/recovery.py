"""Takes up an earlier run of the same data directory, as Meta would never notice its own restarts.

Called by `world.py` only. Survives: the configuration, the ledger, ids, ticks and windows of the last 100,000
messages, owed webhooks (their retries begin anew) and statuses still to come. Does not: texts in chats.
"""

from __future__ import annotations

from simulator.carrier import Carrier
from simulator.clock import Clock, ManualClock
from simulator.conversations import Conversations, Message
from simulator.ledger import Ledger
from simulator.state import Store
from simulator.summary import Entry
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.sender import WebhookSender


def restore(ledger: Ledger, conversations: Conversations, clock: Clock) -> None:
    """Read the ledger and remember its messages, without their texts. A manual clock goes on where it stood."""
    for entry in ledger.replay():
        if isinstance(clock, ManualClock):
            clock.move_to(entry["at"])
        match entry["kind"]:
            case "send":
                conversations.add(_sent_message(entry))
            case "inbound":
                conversations.add(_inbound_message(entry))
            case "status":
                if (message := conversations.find(entry["wamid"])) is not None:
                    message.ticks[entry["status"]] = entry["at"]


def resume(
    *,
    ledger: Ledger,
    outbox: Outbox,
    sender: WebhookSender,
    carrier: Carrier,
    conversations: Conversations,
    store: Store,
) -> None:
    """Send the webhooks that are owed, then let every unfinished message go on."""
    # Updates beyond the last entry were never announced; what caused them happens again below.
    for update in outbox.load(lambda seq: bool(ledger.summary.owed(seq))):
        sender.publish(update, ledger.summary.owed(update.seq))
    for message in list(conversations.all_messages()):
        if message.author == "business" and message.phone_number_id in store.numbers:
            carrier.resume(message)


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
    )
