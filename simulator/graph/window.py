"""The customer service window: free-form messages need a message of the person in the last 24 hours.

Called by `messages.py` for what is neither a template nor Direct Send. Meta documents both ways of refusing (Meta:
error 131047); `closed_window` in the settings chooses one.
"""

from __future__ import annotations

from simulator.graph.content.sending import Sending
from simulator.graph.errors import messaging_error

_REENGAGEMENT = 131047


def check(sending: Sending) -> None:
    """A number that nobody has is never refused here: it is accepted and turns out to be undeliverable.

    Raises:
        GraphError: 131047, the window is closed and the settings say that this refuses.
    """
    world, wa_id = sending.world, sending.recipient.wa_id
    mode = world.store.settings.closed_window
    if mode == "allow" or wa_id not in world.store.people:
        return
    if world.conversations.window_is_open(wa_id, sending.number.id, sending.at):
        return
    if mode == "fail":
        sending.fail_later(_REENGAGEMENT)
        return
    raise messaging_error(
        _REENGAGEMENT,
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    )
