"""One update (a change of one account's webhook field), and the envelope that carries many of them.

Made by the emitter, kept by the outbox, joined into bodies by the sender. The change is already encoded, so
that a body is joined from ready parts and equals the encoding of the whole (Meta: webhook envelope).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from simulator import wire


class Update(msgspec.Struct):
    """`seq` is that of its ledger entry; `change` is one element of `entry[].changes`, as Meta encodes it."""

    seq: int
    waba_id: str
    change: str


def encode_change(field: str, value: dict[str, object]) -> str:
    return wire.dumps({"value": value, "field": field})


def envelope(updates: Iterable[Update]) -> bytes:
    """The body of one POST: an entry for each account, in the order of its first update."""
    changes: dict[str, list[str]] = {}
    for update in updates:
        changes.setdefault(update.waba_id, []).append(update.change)
    entries = (f'{{"id":"{waba_id}","changes":[{",".join(those)}]}}' for waba_id, those in changes.items())
    return f'{{"object":"whatsapp_business_account","entry":[{",".join(entries)}]}}'.encode("ascii")
