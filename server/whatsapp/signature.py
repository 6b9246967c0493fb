"""Meta's webhook signature, and the same one made for tests and tools.

Meta: webhooks page. `X-Hub-Signature-256: sha256=<64 lowercase hex digits>` is HMAC-SHA256 of the body's bytes as they
came, keyed with the app secret. The body must never be parsed and written again before it is checked.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

HEADER = b"x-hub-signature-256"
_FORM = re.compile(rb"sha256=([0-9a-f]{64})")


def is_well_formed(headers: Sequence[bytes]) -> bool:
    """Whether there is exactly one signature, of Meta's form. Anything else is refused without reading the body."""
    return len(headers) == 1 and _FORM.fullmatch(headers[0]) is not None


class Signer:
    """A secret made ready. To get OpenSSL's HMAC ready takes longer than to sign a webhook, so it is done once."""

    def __init__(self, secret: bytes) -> None:
        self._ready = hmac.new(secret, digestmod=_new_digest)

    def sign(self, body: bytes) -> bytes:
        """The value of HEADER for a body."""
        signing = self._ready.copy()
        signing.update(body)
        return b"sha256=" + signing.hexdigest().encode()


def _new_digest(data: bytes = b"") -> "hashlib._Hash":
    """SHA-256. As a function of ours it keeps `hmac` from OpenSSL's HMAC, of which a copy costs like a new one."""
    return hashlib.sha256(data)


def is_authentic(body: bytes, headers: Sequence[bytes], signers: Iterable[Signer]) -> bool:
    """Whether one of the app's secrets signed these very bytes. `headers`: every value of HEADER in the request."""
    if len(headers) != 1:
        return False
    matches = [hmac.compare_digest(headers[0], it.sign(body)) for it in signers]
    return any(matches)
