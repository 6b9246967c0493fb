"""The ledger, read once: what Meta did with each message, what it told the product of it, what people wrote.

Called by `check`. It judges nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from simulator.checker.joining import Entry, MessageKey
from simulator.checker.rates import Arrivals

_ANSWERED_BY_PRODUCT = 200


SENT: Final = 1
DELIVERED: Final = 2
READ: Final = 4
PLAYED: Final = 8
_OTHER: Final = 16

Told = int
"""A set of statuses as bits, because a long run has a million messages."""

_STATUSES = {"sent": SENT, "delivered": DELIVERED, "read": READ, "played": PLAYED}


@dataclass(slots=True)
class Deed:
    """What became of one message at Meta. `emitted` left for some app, `acknowledged` was answered with 200."""

    processed: int = 0
    failed: bool = False
    emitted: Told = 0
    acknowledged: Told = 0


@dataclass(slots=True)
class Written:
    """An inbound message. `told`: it was meant for some app; `given_up`: Meta stopped trying."""

    told: bool
    acknowledged: bool = False
    given_up: bool = False


class History:
    """`arrivals` are collected on demand. An update is forgotten once it was answered with 200: then it stays so."""

    def __init__(self, entries: Iterable[Entry], key: MessageKey, arrivals: Arrivals | None = None) -> None:
        self.deeds: defaultdict[str, Deed] = defaultdict(Deed)
        self.inbound: dict[str, Written] = {}
        self.kinds: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._key = key
        self._keys_of_wamids: dict[str, str] = {}
        self._updates: dict[int, tuple[Deed, Told] | Written] = {}
        for entry in entries:
            self._read(entry)
            if arrivals is not None:
                arrivals.read(entry)

    @property
    def processed(self) -> dict[str, int]:
        """How often each message was processed, of those that were."""
        return {key: deed.processed for key, deed in self.deeds.items() if deed.processed}

    def deed(self, key: str) -> Deed:
        """What became of it; nothing at all when Meta never heard of it."""
        return self.deeds.get(key) or Deed()

    def _read(self, entry: Entry) -> None:
        self.kinds[entry["kind"]] += 1
        match entry["kind"]:
            case "send":
                self._read_send(entry)
            case "status":
                self._read_status(entry)
            case "inbound":
                written = Written(told=bool(entry["apps"]))
                self.inbound[entry["wamid"]] = written
                self._updates[entry["seq"]] = written
            case "webhook":
                self._read_post(entry)
            case "fault":
                self.faults[entry["fault"]] += 1

    def _read_send(self, entry: Entry) -> None:
        # What names no message of the product goes by its wamid, and will be a phantom.
        key = self._key(entry) or entry["wamid"]
        self._keys_of_wamids[entry["wamid"]] = key
        self.deeds[key].processed += 1

    def _read_status(self, entry: Entry) -> None:
        key = self._keys_of_wamids.get(entry["wamid"]) or self._key(entry) or entry["wamid"]
        deed, status = self.deeds[key], _STATUSES.get(entry["status"], _OTHER)
        deed.failed |= entry["status"] == "failed"
        if entry["apps"]:
            deed.emitted |= status
            self._updates[entry["seq"]] = (deed, status)

    def _read_post(self, entry: Entry) -> None:
        acknowledged = entry["http"] == _ANSWERED_BY_PRODUCT
        for seq in entry["updates"]:
            match self._updates.pop(seq, None) if acknowledged else self._updates.get(seq):
                case Written() as written:
                    written.acknowledged |= acknowledged
                    written.given_up |= entry["outcome"] == "dropped"
                case (deed, status) if acknowledged:
                    deed.acknowledged |= status
