"""Meta's webhook signature, and the same one made for tests and tools.

Meta: webhooks page. `X-Hub-Signature-256: sha256=<64 lowercase hex digits>` is HMAC-SHA256 of the body's bytes as they
came, keyed with the app secret. The body must never be parsed and written again before it is checked.
"""

import hmac
import re
from collections.abc import Iterable, Sequence

from server.core.mac import Mac

HEADER = b"x-hub-signature-256"
_FORM = re.compile(rb"sha256=([0-9a-f]{64})")


def is_well_formed(headers: Sequence[bytes]) -> bool:
    """Whether there is exactly one signature, of Meta's form. Anything else is refused without reading the body."""
    return len(headers) == 1 and _FORM.fullmatch(headers[0]) is not None


class Signer:
    """An app secret made ready."""

    def __init__(self, secret: bytes) -> None:
        self._mac = Mac(secret)

    def sign(self, body: bytes) -> bytes:
        """The value of HEADER for a body."""
        return b"sha256=" + self._mac.digest(body).hex().encode()


def is_authentic(body: bytes, headers: Sequence[bytes], signers: Iterable[Signer]) -> bool:
    """Whether one of the app's secrets signed these very bytes. `headers`: every value of HEADER in the request."""
    if len(headers) != 1:
        return False
    matches = [hmac.compare_digest(headers[0], it.sign(body)) for it in signers]
    return any(matches)
