"""What to do with a send whose outcome stayed unknown: try once more, or hold it for a person. Pure."""

from dataclasses import dataclass

from server.domain.enums import OnAmbiguous

MAX_ATTEMPTS = 2
"""Tries of one message that may have reached Meta without a clear answer. After so many only a person repeats it."""

BREAKER_OPENS_AT = 5
"""Ambiguous results of a number since its last accepted one. From then on one message at a time probes."""

EARLIER_TRY_UNCLEAR = "earlier_attempt_unclear"
"""Why a message is held whose repetition was refused: an earlier try may have reached Meta."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A message of which some tries may have reached Meta, and none certainly did.

    `ambiguous`: how many; those that Meta refused, or that were not written, do not count. `evidence`: a status of a
    later try of its number has come.
    """

    message_type: str
    on_ambiguous: OnAmbiguous
    ambiguous: int
    evidence: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """Meta does not have it, or very likely not: its statuses would have come like those of later tries."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nobody can know; a person decides, or a late status does."""

    reason: str


def decide(unresolved: Unresolved) -> Retry | Hold:
    """A message is sent again only by its own wish, with evidence, and never as a template: Meta may hold those.

    All that is asked only while a try of it is in doubt.
    """
    if unresolved.ambiguous == 0:
        return Retry()
    if unresolved.message_type == "template":
        return Hold("template")
    if unresolved.on_ambiguous is OnAmbiguous.HOLD:
        return Hold("asked_to_hold")
    if unresolved.ambiguous >= MAX_ATTEMPTS:
        return Hold("attempts_spent")
    if not unresolved.evidence:
        return Hold("no_evidence")
    return Retry()


def breaker_is_open(ambiguous: int) -> bool:
    """Given a number's ambiguous results since its last accepted one: whether it may only probe, one at a time."""
    return ambiguous >= BREAKER_OPENS_AT
