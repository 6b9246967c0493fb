"""How people are named: phone numbers in one form, user ids as Meta gives them, and nothing guessed about countries."""

import re
from functools import lru_cache
from typing import NamedTuple

from server.domain.enums import IdentityKind

_SEPARATORS = re.compile(r"[\s().\-‐-―]+")
_E164 = re.compile(r"\+?([1-9]\d{6,14})", re.ASCII)
_BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_GROUP = re.compile(r"[A-Za-z0-9_+/=.\-]{8,200}", re.ASCII)


class Recipient(NamedTuple):
    """Whom a message is for: what kind of name it is, and the name as identities keep it (digits of a phone)."""

    kind: IdentityKind
    value: str

    @property
    def written(self) -> str:
        """As it is shown, stored and sent to Meta: phone numbers with their `+`."""
        return f"+{self.value}" if self.kind is IdentityKind.PHONE else self.value


def phone_digits(text: str) -> str | None:
    """The digits of an international number, with or without `+` and separators; None when it is not one.

    E.164 has at most 15 digits and no leading zero. A number without `+` is read as international too.
    """
    match = _E164.fullmatch(text) or _E164.fullmatch(_SEPARATORS.sub("", text))
    return match.group(1) if match else None


def is_user_id(recipient: str) -> bool:
    """Whether an individual who gets a message is named by a user id: phone numbers are kept with their `+`."""
    return not recipient.startswith("+")


@lru_cache(maxsize=4096)  # a command asks again and again
def read_recipient(text: str, *, is_group: bool = False) -> Recipient | None:
    """None when it names nobody. User ids are ISO country, dot, up to 128 characters; `ENT.` marks a parent's (Meta:
    business-scoped user ids). The form of group ids is not documented, so anything like one is taken."""
    if is_group:
        return Recipient(IdentityKind.GROUP, text) if _GROUP.fullmatch(text) else None
    if digits := phone_digits(text):
        return Recipient(IdentityKind.PHONE, digits)
    if user_id := _BSUID.fullmatch(text):
        return Recipient(IdentityKind.PARENT_BSUID if user_id[1] else IdentityKind.BSUID, text)
    return None
