"""One update (a change of one account's webhook field), and the envelope that carries many of them.

Made by the emitter, kept by the outbox, joined into bodies by the sender. The change is already encoded, so
that a body is joined from ready parts and equals the encoding of the whole (Meta: webhook envelope).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from simulator import wire

_ENTRY = 100  # an entry of its own around the change


class Update(msgspec.Struct):
    """`seq` is that of its ledger entry; `change` is one element of `entry[].changes`, as Meta encodes it.

    `entry_id` is the account, for some fields the portfolio. `time` is that of the entry, where Meta gives one.
    `old_change` is what apps with an old subscription get instead.
    """

    seq: int
    entry_id: str = msgspec.field(name="waba_id")  # the name on disk is older than portfolios
    change: str
    time: int | None = None
    old_change: str | None = None

    @property
    def size(self) -> int:
        """At most so many bytes of a body."""
        size = len(self.change)
        if self.old_change is not None:
            size = max(size, len(self.old_change))
        return size + _ENTRY


def encode_change(field: str, value: object) -> str:
    return change(field, wire.dumps(value))


def change(field: str, value: str) -> str:
    """The same with a value that is encoded already."""
    return f'{{"value":{value},"field":{_field_text(field)}}}'


_field_text = lru_cache(maxsize=100)(wire.dumps)


def envelope(updates: Iterable[Update], *, old: bool = False) -> bytes:
    """The body of one POST: an entry for each account and time, in the order of its first update."""
    changes: dict[tuple[str, int | None], list[str]] = {}
    for update in updates:
        change = update.old_change if old and update.old_change is not None else update.change
        entry = update.entry_id, update.time
        if entry not in changes:
            changes[entry] = []
        changes[entry].append(change)
    entries = (_entry(id_, time, ",".join(those)) for (id_, time), those in changes.items())
    return f'{{"object":"whatsapp_business_account","entry":[{",".join(entries)}]}}'.encode("ascii")


def _entry(id_: str, time: int | None, changes: str) -> str:
    at = "" if time is None else f'"time":{time},'
    return f'{{"id":{wire.dumps(id_)},{at}"changes":[{changes}]}}'
