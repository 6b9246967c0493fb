"""Counts of the ledger, made only from its entries, so that live and after a restart they agree.

Called by `ledger.py` with every entry, new or replayed. It also knows which webhook updates are still owed
to which apps: the ledger, not the sender, is the truth about what was acknowledged.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

Entry = dict[str, Any]

STATUSES: Final = ("sent", "delivered", "read", "failed")
RARE_STATUSES: Final = ("played", "deleted", "warning")
_TOLD: Final = ("status", "inbound", "notice")


class Summary:
    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.emitted: Counter[str] = Counter()
        self.acknowledged: Counter[str] = Counter()
        self.posts = 0
        self.posts_acknowledged = 0
        self.retries = 0
        self.dropped = 0
        self._owed: dict[int, tuple[str, tuple[str, ...]]] = {}

    def observe(self, entry: Entry) -> None:
        kind: str = entry["kind"]
        self.kinds[kind] += 1
        if kind == "webhook":
            self._observe_post(entry)
        elif kind in _TOLD:
            name: str = entry.get("status", kind)
            self.emitted[name] += 1
            if entry["apps"]:
                self._owed[entry["seq"]] = name, tuple(entry["apps"])

    def owed(self, seq: int) -> frozenset[str]:
        """The apps that have not yet acknowledged the update of this ledger entry."""
        found = self._owed.get(seq)
        return frozenset(found[1]) if found else frozenset()

    def is_owed(self, seq: int) -> bool:
        """Whether there are such apps."""
        return seq in self._owed

    @property
    def pending_updates(self) -> int:
        return len(self._owed)

    def as_json(self) -> dict[str, Any]:
        return {
            "sends": self.kinds["send"],
            "refused": self.kinds["refused"],
            "receipts": self.kinds["receipt"],
            "faults": self.kinds["fault"],
            "statuses": {status: self._pair(status) for status in (*STATUSES, *RARE_STATUSES)},
            "inbound": self._pair("inbound"),
            "notices": self._pair("notice"),
            "webhooks": {
                "posts": self.posts,
                "acknowledged": self.posts_acknowledged,
                "retries": self.retries,
                "dropped_updates": self.dropped,
                "pending_updates": self.pending_updates,
            },
        }

    def _pair(self, name: str) -> dict[str, int]:
        return {"emitted": self.emitted[name], "acknowledged": self.acknowledged[name]}

    def _observe_post(self, entry: Entry) -> None:
        self.posts += 1
        self.retries += entry["attempt"] > 1
        if entry["outcome"] in ("retry", "copy"):
            return
        acknowledged = entry["outcome"] == "acknowledged"
        self.posts_acknowledged += acknowledged
        for seq in entry["updates"]:
            self._settle(seq, entry["app_id"], acknowledged=acknowledged)

    def _settle(self, seq: int, app_id: str, *, acknowledged: bool) -> None:
        found = self._owed.get(seq)
        if found is None or app_id not in found[1]:
            return
        name, apps = found
        if not acknowledged:
            self.dropped += 1
        if len(apps) > 1:
            self._owed[seq] = name, tuple(one for one in apps if one != app_id)
            return
        del self._owed[seq]
        self.acknowledged[name] += acknowledged
