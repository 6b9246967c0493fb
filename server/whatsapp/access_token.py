"""An access token as calls to Meta carry it. Made where tokens are opened; it never shows itself.

The proof says that the caller knows the secret of the token's app (Meta: securing Graph API requests). Meta checks it
wherever it is given, and an app can require it.
"""

import hashlib
import hmac
from typing import NamedTuple


class AccessToken(NamedTuple):
    """`proof` goes with every call where the token's app is known."""

    text: str
    proof: str | None = None

    def __repr__(self) -> str:
        return "AccessToken()"

    @property
    def params(self) -> dict[str, str]:
        """What goes with it in the query of a call."""
        return {} if self.proof is None else {"appsecret_proof": self.proof}


def proven(text: str, app_secret: str) -> AccessToken:
    """With the proof: the hex HMAC-SHA256 of the token, keyed with the app's secret."""
    return AccessToken(text, hmac.new(app_secret.encode(), text.encode(), hashlib.sha256).hexdigest())


def of_app(meta_app_id: str, app_secret: str) -> AccessToken:
    """The app's own token, which has the secret in it (Meta: app access tokens)."""
    return AccessToken(f"{meta_app_id}|{app_secret}")
