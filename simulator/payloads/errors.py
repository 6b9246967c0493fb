"""The titles and details of errors inside webhooks: failed statuses, unsupported messages, failed actions.

Called by `parts.py`. The words are Meta's (Meta: error codes page); errors in answers of the Graph API are in
`graph/errors.py`.
"""

from __future__ import annotations

from typing import Final

from simulator import meta_errors

PAGE: Final = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"

# code: title, details
_REASONS: Final[dict[int, tuple[str, str]]] = {
    368: (
        "Temporarily blocked for policies violations",
        "The WhatsApp Business Account has been restricted or disabled for violating a platform policy.",
    ),
    130403: ("User is blocked", "The business has blocked this user."),
    130429: ("Rate limit hit", "Cloud API message throughput has been reached."),
    130472: (
        "User's number is part of an experiment",
        "Failed to send message because this user's phone number is part of an experiment",
    ),
    130497: (
        "Business account is restricted from messaging users in this country",
        "The business account is restricted from messaging users in certain countries.",
    ),
    131000: ("Something went wrong", "Message failed to send due to an unknown error."),
    131008: ("Required parameter is missing", "The request is missing a required parameter."),
    131009: ("Parameter value is not valid", "One or more parameter values are invalid."),
    131016: ("Service unavailable", "A service is temporarily unavailable."),
    131026: ("Message undeliverable", "Message Undeliverable."),
    131031: ("Business Account locked", "The business account has been restricted or disabled."),
    131037: ("Display name approval needed", "The 555 number needs an approved display name before it can send."),
    131042: (
        "Business eligibility payment issue",
        "Message failed to send because there were one or more errors related to your payment method.",
    ),
    131045: ("Incorrect certificate", "Message failed to send due to a phone number registration error."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    131048: ("Spam rate limit hit", "Message failed to send because there are restrictions on this phone number."),
    131049: (
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131050: (
        "User has stopped receiving marketing messages",
        "The recipient chose to stop receiving marketing messages on WhatsApp from your business.",
    ),
    131051: ("Message type unknown", "Message type is currently not supported."),
    131052: ("Media download error", "Unable to download the media sent by the user."),
    131053: ("Media upload error", "Unable to upload the media used in the message."),
    131056: (
        "(Business Account, Consumer Account) pair rate limit hit",
        "Too many messages were sent from this phone number to the same recipient in a short time.",
    ),
    131057: ("Account in maintenance mode", "The business account is in maintenance mode."),
    131063: ("Marketing templates are disabled", "Marketing templates are disabled on Cloud API for this account."),
    131064: ("Messaging limit reached", "The limit for violations of template classification has been reached."),
    132015: ("Template is paused", "The template is paused due to low quality."),
    132016: ("Template is disabled", "The template has been paused too many times and is permanently disabled."),
    133010: ("Phone number not registered", "The phone number is not registered on the WhatsApp Business Platform."),
    137000: ("Recipient identity key hash mismatch", "The identity key hash does not match the recipient's."),
    138007: ("Call connect timeout", "The call was not connected in time."),
    2593109: (
        "History sync is turned off by the business from the WhatsApp Business App",
        "History sharing is turned off by the business.",
    ),
}


def reason(code: int) -> tuple[str, str]:
    """Title and details of a code; of one that only a planned fault brings, what Meta calls it."""
    if code in _REASONS:
        return _REASONS[code]
    title = meta_errors.title_of(code)
    return title, f"{title.removesuffix('.')}."
