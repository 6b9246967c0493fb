"""The rules by which a run is judged: a pure function from two records to a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from simulator.checker.history import DELIVERED, PLAYED, READ, SENT, Deed, History
from simulator.checker.joining import Entry, MessageKey, message_key
from simulator.checker.limits import Limits
from simulator.checker.observed import Observed, SeenMessage
from simulator.checker.rates import Arrivals, Rates
from simulator.checker.verdict import Verdict

# States that admit that Meta may never have processed the message.
_HONEST_ENDS = frozenset({"failed", "expired", "cancelled", "held", "unknown"})
_UNSETTLED = frozenset({"queued", "sending", "unknown"})
# What must have been said for a state to be shown; a later status implies the earlier ones.
_EVIDENCE = {
    "sent": SENT | DELIVERED | READ | PLAYED,
    "delivered": DELIVERED | READ | PLAYED,
    "read": READ | PLAYED,
    "played": PLAYED,
}
_ARRIVED = _EVIDENCE["delivered"]


def check(
    ledger_entries: Iterable[Entry],
    observed: Observed,
    *,
    key: MessageKey = message_key,
    limits: Limits | None = None,
) -> Verdict:
    """Compare what Meta did with what the product shows.

    `ledger_entries` are the simulator's, whole and in order, read once. `key` joins an entry to the product's message
    ids. Rates are looked at where `limits` are given.

    Raises:
        ObservationInvalid: the observation lists a message twice.
    """
    arrivals = None if limits is None else Arrivals()
    history = History(ledger_entries, key, arrivals)
    rates = Rates(arrivals or Arrivals(), limits or Limits())
    seen = observed.by_key()
    processed = history.processed
    reasons = {id_: reason for id_, message in seen.items() if (reason := _lie(message.state, history.deed(id_)))}
    inbound = Counter(observed.inbound)
    expected, told = observed.events_by_name()
    return Verdict(
        lost=sorted(id_ for id_, message in seen.items() if _is_lost(message, processed.get(id_, 0))),
        phantom=sorted(processed.keys() - seen.keys()),
        duplicated={id_: times for id_, times in sorted(processed.items()) if times > 1},
        unrecorded=sorted(id_ for id_, message in seen.items() if _is_unrecorded(message, processed.get(id_, 0))),
        stuck=sorted(id_ for id_, message in seen.items() if message.state in _UNSETTLED),
        lied=sorted(reasons),
        inbound_lost=sorted(_inbound_lost(history, inbound)),
        inbound_phantom=sorted(wamid for wamid in inbound if not _was_told(history, wamid)),
        inbound_duplicated={wamid: times for wamid, times in sorted(inbound.items()) if times > 1},
        events_missing=sorted((expected - told).elements()),
        events_unexpected=sorted(told.keys() - expected.keys()),
        events_repeated={name: told[name] for name in sorted(expected) if told[name] > expected[name]},
        over_number_rate=rates.numbers,
        over_number_rate_with_inbound=rates.numbers_with_inbound,
        over_pair_rate=rates.pairs,
        over_messaging_limit=rates.portfolios,
        reasons=reasons,
        counts=_counts(history, seen, inbound),
        states=dict(sorted(Counter(message.state or "not shown" for message in seen.values()).items())),
        faults=dict(sorted(history.faults.items())),
    )


def _is_lost(message: SeenMessage, processed: int) -> bool:
    if not message.accepted:
        return False
    return message.state is None or (not processed and message.state not in _HONEST_ENDS)


def _is_unrecorded(message: SeenMessage, processed: int) -> bool:
    return message.attempts is not None and processed > message.attempts


def _lie(state: str | None, deed: Deed) -> str | None:
    """How this state contradicts what Meta did; None when it does not."""
    match state:
        case "failed" if deed.processed and not deed.failed:
            return "shown as failed, but Meta processed it and never said that it failed"
        case "expired" | "cancelled" if deed.processed:
            return f"shown as {state}, but Meta processed it"
        case "failed" | "undelivered" if deed.acknowledged & _ARRIVED:
            return f"shown as {state}, but the product was told that it arrived"
        case "accepted" | "paced" if not deed.processed:
            return f"shown as {state}, but Meta never processed it"
        case "sent" | "delivered" | "read" | "played" if not deed.emitted & _EVIDENCE[state]:
            return f"shown as {state}, but Meta never told the product so"
    return None


def _was_told(history: History, wamid: str) -> bool:
    written = history.inbound.get(wamid)
    return written is not None and written.told


def _inbound_lost(history: History, stored: Mapping[str, int]) -> Iterable[str]:
    for wamid, written in history.inbound.items():
        # What Meta gave up on, after the product never answered it with 200, is not the product's to have.
        excused = written.given_up and not written.acknowledged
        if written.told and not excused and wamid not in stored:
            yield wamid


def _counts(history: History, seen: Mapping[str, SeenMessage], inbound: Mapping[str, int]) -> dict[str, int]:
    return {
        "entries": history.kinds.total(),
        "asked": len(seen),
        "accepted": sum(message.accepted for message in seen.values()),
        "processed": len(history.processed),
        "sends": history.kinds["send"],
        "refused": history.kinds["refused"],
        "statuses": history.kinds["status"],
        "faults": history.kinds["fault"],
        "inbound_written": history.kinds["inbound"],
        "inbound_stored": len(inbound),
    }
