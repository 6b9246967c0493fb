"""Every error code that Meta documents for the WhatsApp platform: its title, its HTTP status, and where it appears.

Asked by the Graph errors and by the payloads of failed statuses. Data and a look-up; it decides nothing. A test holds
the table against Meta's own list. Sources: Meta's pages on error codes, Graph API errors, flows, calling and groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

Place = Literal["sync", "async", "both"]
"""In the answer to a call, in a webhook's `errors`, or in either."""


class MetaErrorCode(NamedTuple):
    """`last_code` is another than `code` where Meta gives a whole range one meaning."""

    code: int
    http: int
    where: Place
    title: str
    subcode: int | None = None
    last_code: int | None = None


_SYNC: Final = "sync"
_ASYNC: Final = "async"
_BOTH: Final = "both"

_CODES: Final = (
    MetaErrorCode(0, 401, _SYNC, "AuthException"),
    MetaErrorCode(1, 400, _SYNC, "API Unknown"),
    MetaErrorCode(2, 503, _SYNC, "API Service"),
    MetaErrorCode(3, 500, _SYNC, "API Method"),
    MetaErrorCode(4, 400, _SYNC, "Application request limit reached"),
    MetaErrorCode(10, 403, _SYNC, "Application does not have permission for this action"),
    MetaErrorCode(17, 429, _SYNC, "User request limit reached", subcode=2446079),
    MetaErrorCode(33, 400, _SYNC, "Parameter value is not valid"),
    MetaErrorCode(100, 400, _SYNC, "Invalid parameter"),
    MetaErrorCode(100, 400, _SYNC, "Unsupported request", subcode=33),
    MetaErrorCode(100, 400, _SYNC, "Error validating verification code", subcode=36008),
    MetaErrorCode(100, 400, _SYNC, "Message template not found", subcode=2593002),
    MetaErrorCode(102, 400, _SYNC, "Session key invalid or no longer valid"),
    MetaErrorCode(104, 401, _SYNC, "An access token is required to request this resource"),
    MetaErrorCode(190, 401, _SYNC, "Error validating access token: Session has expired"),
    MetaErrorCode(192, 400, _SYNC, "Invalid phone number"),
    MetaErrorCode(200, 403, _SYNC, "Permissions error"),
    MetaErrorCode(200, 403, _SYNC, "API Permission", last_code=299),
    MetaErrorCode(200005, 400, _SYNC, "Template Insights not yet available"),
    MetaErrorCode(200006, 400, _SYNC, "Template Insights cannot be disabled"),
    MetaErrorCode(200007, 400, _SYNC, "Template Insights not enabled"),
    MetaErrorCode(368, 403, _BOTH, "Temporarily blocked for policies violations"),
    MetaErrorCode(506, 400, _SYNC, "Duplicate Post"),
    MetaErrorCode(613, 429, _SYNC, "Calls to this api have exceeded the rate limit"),
    MetaErrorCode(803, 404, _SYNC, "Some of the aliases you requested do not exist"),
    MetaErrorCode(2500, 400, _SYNC, "An active access token must be used to query information about the current user"),
    MetaErrorCode(80007, 400, _BOTH, "Rate limit issues"),
    MetaErrorCode(80008, 400, _SYNC, "There have been too many calls to this WhatsApp Business account"),
    MetaErrorCode(130403, 400, _ASYNC, "Business has blocked the user"),
    MetaErrorCode(130429, 400, _BOTH, "Rate limit hit"),
    MetaErrorCode(130472, 400, _ASYNC, "User's number is part of an experiment"),
    MetaErrorCode(130497, 403, _BOTH, "Business account is restricted from messaging users in this country"),
    MetaErrorCode(130501, 400, _SYNC, "Message type is not currently supported"),
    MetaErrorCode(131000, 500, _BOTH, "Something went wrong"),
    MetaErrorCode(131005, 403, _SYNC, "Access denied"),
    MetaErrorCode(131008, 400, _SYNC, "Required parameter is missing"),
    MetaErrorCode(131009, 400, _BOTH, "Parameter value is not valid"),
    MetaErrorCode(131016, 500, _BOTH, "Service unavailable"),
    MetaErrorCode(131020, 400, _SYNC, "Bad group"),
    MetaErrorCode(131021, 400, _SYNC, "Recipient cannot be sender"),
    MetaErrorCode(131026, 400, _ASYNC, "Message undeliverable"),
    MetaErrorCode(131030, 400, _SYNC, "Recipient phone number not in allowed list"),
    MetaErrorCode(131031, 403, _BOTH, "Account has been locked"),
    MetaErrorCode(131037, 400, _BOTH, "WhatsApp provided number needs display name approval before it can send"),
    MetaErrorCode(131041, 400, _SYNC, "Group unknown"),
    MetaErrorCode(131042, 400, _ASYNC, "Business eligibility payment issue"),
    MetaErrorCode(131043, 400, _ASYNC, "Message expired"),
    MetaErrorCode(131044, 400, _ASYNC, "No valid payment method"),
    MetaErrorCode(131045, 500, _BOTH, "Incorrect certificate"),
    MetaErrorCode(131047, 400, _BOTH, "Re-engagement message"),
    MetaErrorCode(131048, 400, _BOTH, "Spam rate limit hit"),
    MetaErrorCode(131049, 400, _ASYNC, "This message was not delivered to maintain healthy ecosystem engagement."),
    MetaErrorCode(131050, 400, _ASYNC, "User has stopped marketing messages from this business"),
    MetaErrorCode(131051, 400, _BOTH, "Unsupported message type"),
    MetaErrorCode(131052, 400, _ASYNC, "Media download error"),
    MetaErrorCode(131053, 400, _ASYNC, "Media upload error"),
    MetaErrorCode(131055, 400, _SYNC, "Method not allowed"),
    MetaErrorCode(131056, 400, _BOTH, "(Business Account, Consumer Account) pair rate limit hit"),
    MetaErrorCode(131057, 500, _BOTH, "Account in maintenance mode"),
    MetaErrorCode(131059, 400, _SYNC, "Groups cursor expired"),
    MetaErrorCode(131062, 400, _SYNC, "Business-scoped User ID (BSUID) recipients are not supported for this message."),
    MetaErrorCode(131063, 400, _BOTH, "Marketing template messages are disabled on Cloud API for this account"),
    MetaErrorCode(131064, 400, _BOTH, "Messaging limit reached for template classification violations"),
    MetaErrorCode(131201, 206, _SYNC, "Request partially succeeded"),
    MetaErrorCode(131202, 400, _SYNC, "Duplicate participant"),
    MetaErrorCode(131204, 400, _SYNC, "Participant limit exceeded"),
    MetaErrorCode(131207, 403, _SYNC, "Group suspended"),
    MetaErrorCode(131208, 429, _SYNC, "Group rate limit hit"),
    MetaErrorCode(131209, 400, _SYNC, "Invalid aspect ratio of the group picture"),
    MetaErrorCode(131210, 400, _SYNC, "Group picture is too small"),
    MetaErrorCode(131211, 400, _SYNC, "Group creation limit reached"),
    MetaErrorCode(131212, 400, _SYNC, "Participant is not in the group"),
    MetaErrorCode(131213, 400, _SYNC, "Join request does not exist"),
    MetaErrorCode(131214, 400, _SYNC, "Group creation is temporarily disabled"),
    MetaErrorCode(131215, 400, _SYNC, "Phone number is not eligible for groups"),
    MetaErrorCode(132000, 400, _SYNC, "Number of parameters does not match the expected number of params"),
    MetaErrorCode(132001, 404, _SYNC, "Template name does not exist in the translation"),
    MetaErrorCode(132005, 400, _SYNC, "Translated text too long"),
    MetaErrorCode(132007, 400, _SYNC, "Template Format Character Policy Violated"),
    MetaErrorCode(132008, 400, _SYNC, "Template Parameter Value Invalid"),
    MetaErrorCode(132012, 400, _SYNC, "Parameter format does not match format in the created template"),
    MetaErrorCode(132015, 400, _BOTH, "Template is paused"),
    MetaErrorCode(132016, 400, _BOTH, "Template is disabled"),
    MetaErrorCode(132018, 400, _SYNC, "There\u2019s an issue with the parameters in your template"),
    MetaErrorCode(132068, 400, _SYNC, "Flow is Blocked"),
    MetaErrorCode(132069, 400, _SYNC, "Flow is Throttled"),
    MetaErrorCode(133000, 500, _SYNC, "Incomplete Deregistration"),
    MetaErrorCode(133004, 503, _SYNC, "Server Temporarily Unavailable"),
    MetaErrorCode(133005, 400, _SYNC, "Two step verification PIN Mismatch"),
    MetaErrorCode(133006, 400, _SYNC, "Phone number re-verification needed"),
    MetaErrorCode(133008, 400, _SYNC, "Too Many two step verification PIN Guesses"),
    MetaErrorCode(133009, 400, _SYNC, "Two step verification PIN Guessed Too Fast"),
    MetaErrorCode(133010, 400, _BOTH, "Phone number Not Registered"),
    MetaErrorCode(133015, 400, _SYNC, "Please wait a few minutes before attempting to register this phone number"),
    MetaErrorCode(133016, 400, _SYNC, "Account register deregister rate limit exceeded"),
    MetaErrorCode(134011, 400, _BOTH, "WhatsApp Payments terms of service has not been accepted"),
    MetaErrorCode(134100, 400, _SYNC, "Only marketing messages supported"),
    MetaErrorCode(134101, 400, _SYNC, "Template is still being synchronised"),
    MetaErrorCode(134102, 500, _SYNC, "Template is unavailable for use"),
    MetaErrorCode(134103, 400, _SYNC, "Template is not supported for marketing messages"),
    MetaErrorCode(135000, 400, _BOTH, "Generic user error"),
    MetaErrorCode(136024, 400, _SYNC, "Request code error", subcode=2388091),
    MetaErrorCode(137000, 400, _ASYNC, "Recipient identity key hash mismatch"),
    MetaErrorCode(138000, 401, _SYNC, "Calling not enabled"),
    MetaErrorCode(138001, 400, _SYNC, "Receiver Uncallable"),
    MetaErrorCode(138002, 429, _SYNC, "Concurrent Calls Limit"),
    MetaErrorCode(138003, 400, _SYNC, "Duplicate call"),
    MetaErrorCode(138004, 500, _SYNC, "Connection error"),
    MetaErrorCode(138005, 429, _SYNC, "Call rate limit exceeded"),
    MetaErrorCode(138006, 401, _SYNC, "No approved call permission from the recipient"),
    MetaErrorCode(138007, 500, _ASYNC, "Connection Timeout error"),
    MetaErrorCode(138009, 400, _SYNC, "Call permission request limit reached"),
    MetaErrorCode(138012, 400, _SYNC, "Business initiated calls limit hit"),
    MetaErrorCode(138013, 400, _SYNC, "Business initiated calling is not available"),
    MetaErrorCode(138014, 400, _SYNC, "Calling is temporarily disabled for this business phone number"),
    MetaErrorCode(138015, 400, _SYNC, "Calling cannot be enabled"),
    MetaErrorCode(138017, 400, _SYNC, "Permanent call permission is already granted"),
    MetaErrorCode(138018, 400, _SYNC, "Calling prerequisites are not met"),
    MetaErrorCode(138019, 400, _ASYNC, "Call failed", last_code=138023),
    MetaErrorCode(139000, 400, _SYNC, "Blocked by integrity"),
    MetaErrorCode(139001, 400, _SYNC, "Flow can't be updated"),
    MetaErrorCode(139002, 400, _SYNC, "Flow can't be published"),
    MetaErrorCode(139003, 400, _SYNC, "Flow can't be deprecated"),
    MetaErrorCode(139004, 400, _SYNC, "Flow can't be deleted"),
    MetaErrorCode(139100, 400, _SYNC, "Failed to block/unblock some users"),
    MetaErrorCode(139101, 400, _SYNC, "Blocklist limit reached"),
    MetaErrorCode(139102, 400, _SYNC, "Blocklist concurrent update"),
    MetaErrorCode(139103, 500, _SYNC, "Blocklist internal error"),
    MetaErrorCode(139200, 400, _BOTH, "Access to utility and authentication messages is blocked"),
    MetaErrorCode(147001, 400, _SYNC, "Username is not available"),
    MetaErrorCode(147002, 400, _SYNC, "Account is not eligible for a username"),
    MetaErrorCode(147003, 400, _SYNC, "Username is held by a Facebook Page that is not linked"),
    MetaErrorCode(147004, 400, _SYNC, "Username is held by an Instagram account that is not linked"),
    MetaErrorCode(147005, 400, _SYNC, "Username transfer is required"),
    MetaErrorCode(1752041, 400, _SYNC, "Duplicate onboarding request"),
    MetaErrorCode(2388012, 400, _SYNC, "Phone number already exists in the account"),
    MetaErrorCode(2388019, 400, _SYNC, "Template limit exceeded"),
    MetaErrorCode(2388039, 400, _SYNC, "Template status cannot be changed"),
    MetaErrorCode(2388040, 400, _SYNC, "Field exceeds character limit"),
    MetaErrorCode(2388047, 400, _SYNC, "Message header format is incorrect"),
    MetaErrorCode(2388072, 400, _SYNC, "Message body format is incorrect"),
    MetaErrorCode(2388073, 400, _SYNC, "Message footer format is incorrect"),
    MetaErrorCode(2388091, 400, _SYNC, "Phone number is not eligible for a registration code"),
    MetaErrorCode(2388103, 400, _SYNC, "Phone number cannot be migrated"),
    MetaErrorCode(2388293, 400, _SYNC, "Parameter words ratio exceeds limit"),
    MetaErrorCode(2388299, 400, _SYNC, "Leading or trailing parameters are not allowed"),
    MetaErrorCode(2388318, 400, _SYNC, "Direct Send template cannot be updated"),
    MetaErrorCode(2388330, 400, _SYNC, "Direct Send template cannot be deleted"),
    MetaErrorCode(2494100, 400, _SYNC, "Phone number is in maintenance mode"),
    MetaErrorCode(2494164, 400, _SYNC, "In-App Signup cannot be used", last_code=2494179),
    MetaErrorCode(2593107, 400, _SYNC, "Synchronization request limit exceeded"),
    MetaErrorCode(2593108, 400, _SYNC, "Synchronization request made outside of allowed time window"),
)

_UNKNOWN_TITLE: Final = "Something went wrong"

_EXACT: Final = {(row.code, row.subcode): row for row in reversed(_CODES) if row.last_code is None}
_RANGES: Final = tuple(row for row in _CODES if row.last_code is not None)


def find(code: int, subcode: int | None = None) -> MetaErrorCode | None:
    """The row for a code, the one with this subcode before the one without; None for a code that Meta does not list."""
    exact = _EXACT.get((code, subcode)) or _EXACT.get((code, None)) or _any_subcode(code)
    return exact or next((row for row in _RANGES if row.code <= code <= (row.last_code or row.code)), None)


def title_of(code: int, subcode: int | None = None) -> str:
    """Something went wrong, says Meta of what it does not name."""
    known = find(code, subcode)
    return known.title if known else _UNKNOWN_TITLE


def rows() -> Iterator[MetaErrorCode]:
    return iter(_CODES)


def _any_subcode(code: int) -> MetaErrorCode | None:
    return next((row for row in _CODES if row.code == code and row.subcode is not None), None)
