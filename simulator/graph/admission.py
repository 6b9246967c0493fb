"""Whether a message may go now: asked once for each send, after its content was checked and before it is processed.

Called by `messages.py`. What is refused here is not processed and counts against no limit; the codes and words are
Meta's (Meta: error codes page).
"""

from __future__ import annotations

from simulator.graph.content.sending import Sending
from simulator.graph.errors import GraphError
from simulator.limits.sends import LimitName
from simulator.standing import late_obstacle, obstacle
from simulator.state import Template
from simulator.world import World

_PAUSED = 132015

# code: HTTP status, title, details
_REFUSALS = {
    368: (
        403,
        "Temporarily blocked for policies violations",
        "The WhatsApp Business Account has been restricted or disabled for violating a platform policy.",
    ),
    130429: (
        400,
        "Rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number in a short period of "
        "time.",
    ),
    131000: (400, "Something went wrong", "Message failed to send due to an unknown error."),
    131031: (403, "Business Account locked", "The business account has been restricted or disabled."),
    131048: (
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent from this phone "
        "number. This may be because too many previous messages were blocked or flagged as spam.",
    ),
    131049: (
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131056: (
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number to the same phone "
        "number in a short period of time.",
    ),
    131057: (
        500,
        "Account in maintenance mode",
        "Business Account is in maintenance mode. One reason for this could be that the account is undergoing a "
        "throughput upgrade.",
    ),
    133010: (400, "Phone number not registered", "Phone number not registered on the WhatsApp Business Platform."),
}


def admit(sending: Sending, category: str) -> None:
    """Let a message pass all that may be in its way; `category` is what it counts as.

    Raises:
        GraphError: 131031, 133010, 131057, 368, 131048, 130429, 131056, or what the settings say about the
            messaging limit.
    """
    outside_window = _is_outside_window(sending)
    code = obstacle(sending.number, sending.waba, sending.at, outside_window=outside_window)
    if code is not None:
        raise _refusal(code)
    _keep_limits(sending, outside_window=outside_window)
    if (late := late_obstacle(sending.waba, outside_window=outside_window)) is not None:
        sending.fail_later(late)
    if category.startswith("marketing"):
        _keep_marketing_limits(sending)
    if sending.template is not None:
        _hold(sending, sending.template)


def _is_outside_window(sending: Sending) -> bool:
    """Groups have no window."""
    to = sending.recipient
    if to.group is not None:
        return False
    return not sending.world.conversations.window_is_open(to.wa_id, sending.number.id, sending.at)


def _keep_limits(sending: Sending, *, outside_window: bool) -> None:
    world, number = sending.world, sending.number
    wa_id = sending.recipient.wa_id if sending.recipient.group is None else None
    verdict = world.limits.admit(number, wa_id, sending.at, outside_window=outside_window)
    if verdict.refused_by is not None:
        raise _refusal(_code(world, verdict.refused_by))
    for name in verdict.passed:
        code = _code(world, name)
        world.ledger.append("limit", at=sending.at, limit=name, code=code, phone_number_id=number.id, wa_id=wa_id)
    if verdict.fails:
        sending.fail_later(_code(world, "messaging"))
    elif outside_window:
        world.growth.notice(number)


def _keep_marketing_limits(sending: Sending) -> None:
    if sending.fails_with is None:
        code = sending.world.marketing.failure(sending.number, sending.recipient.wa_id, sending.at)
        if code is not None:
            sending.fail_later(code)


def _hold(sending: Sending, template: Template) -> None:
    """Some templates wait for their quality to be assessed; what is then dropped fails (Meta: template pacing)."""
    settings = sending.world.store.settings
    if sending.fails_with is not None or not (template.held or settings.pacing_share):
        return
    chance = sending.world.streams.stream("pacing")
    sending.held = chance.random() < settings.pacing_share or template.held
    if sending.held and chance.random() < settings.pacing_dropped_share:
        sending.fail_later(_PAUSED)


def _code(world: World, name: LimitName) -> int:
    match name:
        case "throughput":
            return 130429
        case "pair":
            return 131056
        case "messaging":
            return world.store.settings.messaging_limit_code


def _refusal(code: int) -> GraphError:
    http, title, details = _REFUSALS[code]
    return GraphError(f"(#{code}) {title}", code=code, http=http, details=details)
