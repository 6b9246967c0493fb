"""Webhook payload to events. Pure and total: whatever the bytes are, `parse` returns and never raises.

The mirror of the renderer; the webhook service calls it. What this version does not know becomes Unrecognised, with a
reason that quotes no content.
"""

from server.whatsapp.parser.envelope import FIELDS, fields, parse

__all__ = ["FIELDS", "fields", "parse"]
