"""The connections that the demo lets the simulator cut in the middle of a send, and how each of them was resolved.

Meta has no idempotency key: a sender that repeats such a message may deliver it twice, one that does not may lose it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from server.cli.demo.verdict import Json, message_of

RECONCILE_WINDOW_S = 6.0
"""In place of a quarter of an hour; long enough for the statuses of later messages to come on a slow machine."""
AFTER = 10
_SHARE = 0.15
RULES: list[dict[str, object]] = [
    {"kind": "drop_after", "share": _SHARE, "count": AFTER},
]


@dataclass(frozen=True, slots=True)
class Cuts:
    """What became of the messages whose connection was cut, `after` Meta had processed them or `before`."""

    after: int
    settled_by_status: int
    before: int
    sent_again: int
    example: UUID | None


def resolved(ledger: Iterable[Json], shown: Sequence[Json]) -> Cuts:
    """Joins the simulator's faults with the messages that the API shows."""
    cut = {message_of(entry["biz_opaque_callback_data"]): entry for entry in ledger if entry["kind"] == "fault"}
    struck = [(m, cut[UUID(m["id"])]) for m in shown if m["direction"] == "outbound" and UUID(m["id"]) in cut]
    after = [m for m, fault in struck if fault["processed"]]
    before = [m for m, fault in struck if not fault["processed"]]
    return Cuts(
        after=len(after),
        settled_by_status=sum(m["times"]["sent_at"] is not None and m["attempts"] == 1 for m in after),
        before=len(before),
        sent_again=sum(m["times"]["sent_at"] is not None and m["attempts"] > 1 for m in before),
        example=next((UUID(m["id"]) for m in [*before, *after]), None),
    )


def sentences(cuts: Cuts) -> list[str]:
    """For people."""
    return [
        f"  {cuts.after} connections were cut after Meta had taken the message: {cuts.settled_by_status} were settled "
        "by a status, and not repeated",
        f"  {cuts.before} were cut before: {cuts.sent_again} were sent again, once later messages had proved that Meta "
        "did not have them",
    ]
