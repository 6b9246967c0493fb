"""The outcome of a check: a list for each way in which a product can be wrong, and counts."""

from __future__ import annotations

import msgspec

Ids = list[str]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Lists hold message ids (wamids where there is no id), sorted. A message may be in several.

    lost: accepted with 202, then forgotten, or never processed by Meta and not in a state that admits it.
    phantom: processed by Meta, but nobody asked for it.
    duplicated: processed more than once, and how often.
    unrecorded: processed more often than the product has attempts on record.
    stuck: queued, sending or unknown, although everything has drained.
    lied: shown in a state that contradicts what Meta did or said; `reasons` says how.
    inbound_lost, inbound_phantom, inbound_duplicated: what people wrote against what the product stored.
    events_missing, events_unexpected, events_repeated: the product's events against those that were expected, as
    `<message id> <type>`.
    over_number_rate, over_number_rate_with_inbound: numbers with more messages in some second than Meta allows, and the
    most; over_pair_rate: pairs and their deepest debt; over_messaging_limit: portfolios and their most people in a day.
    """

    lost: Ids
    phantom: Ids
    duplicated: dict[str, int]
    unrecorded: Ids
    stuck: Ids
    lied: Ids
    inbound_lost: Ids
    inbound_phantom: Ids
    inbound_duplicated: dict[str, int]
    events_missing: Ids
    events_unexpected: Ids
    events_repeated: dict[str, int]
    over_number_rate: dict[str, int]
    over_number_rate_with_inbound: dict[str, int]
    over_pair_rate: dict[str, int]
    over_messaging_limit: dict[str, int]
    reasons: dict[str, str]
    counts: dict[str, int]
    states: dict[str, int]
    faults: dict[str, int]

    @property
    def ok(self) -> bool:
        return not any(found for _, found in self.findings())

    def findings(self) -> list[tuple[str, Ids | dict[str, int]]]:
        """Each list by its name, the empty ones too."""
        return [
            ("lost", self.lost),
            ("phantom", self.phantom),
            ("duplicated", self.duplicated),
            ("unrecorded", self.unrecorded),
            ("stuck", self.stuck),
            ("lied", self.lied),
            ("inbound lost", self.inbound_lost),
            ("inbound phantom", self.inbound_phantom),
            ("inbound duplicated", self.inbound_duplicated),
            ("events missing", self.events_missing),
            ("events unexpected", self.events_unexpected),
            ("events repeated", self.events_repeated),
            ("over number rate", self.over_number_rate),
            ("over number rate with inbound", self.over_number_rate_with_inbound),
            ("over pair rate", self.over_pair_rate),
            ("over messaging limit", self.over_messaging_limit),
        ]

    def as_json(self) -> bytes:
        return msgspec.json.encode({"ok": self.ok, **msgspec.structs.asdict(self)})
