"""The connections that the demo lets the simulator cut in the middle of a send, and how each of them was resolved.

Meta has no idempotency key: a sender that repeats such a message may deliver it twice, one that does not may lose it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server.cli.demo.verdict import Json, message_of, sends_by_message

RECONCILE_WINDOW_S = 6.0
"""In place of a quarter of an hour; long enough for the statuses of later messages to come on a slow machine."""
_AMONG = 20
"""The first of the people; so there are always later messages that say whether Meta's statuses come."""
_OF_FIVE = ("drop_after", "drop_before", "drop_after", None, None)
"""What happens to the first text to each of five people; so never to many in a row, of whichever number."""


def rules(wa_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Faults for the simulator. Each strikes one send, the first to a person: no repetition, and no last message."""
    kinds = zip(wa_ids[:_AMONG], itertools.cycle(_OF_FIVE), strict=False)
    return [{"kind": kind, "where": {"recipient": wa_id}, "count": 1} for wa_id, kind in kinds if kind]


@dataclass(frozen=True, slots=True)
class Cuts:
    """What became of the messages whose connection was cut, `after` Meta had processed them or `before`."""

    after: int
    settled_by_status: int
    before: int
    sent_again: int
    example: UUID | None


def resolved(ledger: Sequence[Json], shown: Sequence[Json]) -> Cuts:
    """Joins the simulator's faults with the messages that the API shows, and with what Meta has processed of each."""
    cut = {message_of(entry["biz_opaque_callback_data"]): entry for entry in ledger if entry["kind"] == "fault"}
    sends = sends_by_message(ledger)
    sent = {UUID(m["id"]): m["times"]["sent_at"] is not None for m in shown if m["direction"] == "outbound"}
    after = [id_ for id_ in sent if id_ in cut and cut[id_]["processed"]]
    before = [id_ for id_ in sent if id_ in cut and not cut[id_]["processed"]]
    return Cuts(
        after=len(after),
        settled_by_status=sum(sent[id_] and sends[id_] == 1 for id_ in after),
        before=len(before),
        sent_again=sum(sent[id_] and sends[id_] == 1 for id_ in before),
        example=next(iter([*before, *after]), None),
    )


def as_counts(cuts: Cuts) -> dict[str, int]:
    """For programs."""
    return {
        "after": cuts.after,
        "settled_by_status": cuts.settled_by_status,
        "before": cuts.before,
        "sent_again": cuts.sent_again,
    }


def sentences(cuts: Cuts) -> list[str]:
    """For people."""
    return [
        f"  {cuts.after} connections were cut after Meta took the message: {cuts.settled_by_status} settled "
        "by its status, not repeated",
        f"  {cuts.before} were cut before: {cuts.sent_again} sent again, once later messages had statuses "
        "and these had none",
    ]
