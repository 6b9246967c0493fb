"""Signs webhook bodies as Meta does: over the very bytes that are sent (Meta: webhooks, validating payloads)."""

from __future__ import annotations

import hmac


def signature_headers(body: bytes, app_secret: str) -> dict[str, str]:
    """`X-Hub-Signature-256`, and the older SHA-1 header that Meta still sends beside it."""
    key = app_secret.encode()
    return {
        "X-Hub-Signature": "sha1=" + hmac.digest(key, body, "sha1").hex(),
        "X-Hub-Signature-256": "sha256=" + hmac.digest(key, body, "sha256").hex(),
    }
