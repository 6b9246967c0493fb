"""Submissions: what one request asks, what it is answered, and how a repetition is told from another request.

Pure. `services.acceptance` writes what these describe; `idempotency_keys.response` holds the written form of a receipt.
"""

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from server.domain.errors import Refused
from server.queue.outbound import Ring
from server.repositories.idempotency import Stored
from server.schemas import messages
from server.schemas.messages import Result
from server.schemas.outbound import SendCommand, canonical


class Submission(msgspec.Struct, frozen=True):
    """The commands of one request, and its Idempotency-Key."""

    api_key_id: UUID
    commands: Sequence[SendCommand]
    key: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """One result a command, in order, and all of them as the JSON list that repetitions are answered from.

    `rings` are for after the commit; a replayed receipt has none.
    """

    results: tuple[Result, ...]
    written: bytes
    replayed: bool = False
    rings: tuple[Ring, ...] = ()


Answer = Receipt | Refused


def request_hash(commands: Sequence[SendCommand]) -> bytes:
    """Equal for equal requests, however their JSON was written."""
    return hashlib.sha256(b"[%b]" % b",".join(map(canonical, commands))).digest()


def receipt(results: Iterable[Result], rings: Iterable[Ring]) -> Receipt:
    """A receipt of what has just been decided."""
    given = tuple(results)
    return Receipt(given, messages.encode(given), rings=tuple(rings))


def again(stored: Stored | None, submission: Submission) -> Answer:
    """The answer to a request whose key was used before; None stands for a rival that vanished."""
    if stored is None:
        return Refused("idempotency_in_progress", retry_after_s=1)
    if stored.request_hash != request_hash(submission.commands):
        return Refused("idempotency_conflict")
    return Receipt(messages.decode(stored.response), stored.response.encode(), replayed=True)
