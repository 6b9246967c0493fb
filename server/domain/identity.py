"""How people are named: phone numbers in one form, and nothing guessed about countries."""

import re

_SEPARATORS = re.compile(r"[\s().\-‐-―]+")
_E164 = re.compile(r"\+?([1-9]\d{6,14})", re.ASCII)


def phone_digits(text: str) -> str | None:
    """The digits of an international number, with or without `+` and separators; None when it is not one.

    E.164 has at most 15 digits and no leading zero. A number without `+` is read as international too.
    """
    match = _E164.fullmatch(_SEPARATORS.sub("", text))
    return match.group(1) if match else None
