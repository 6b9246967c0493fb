"""Submissions: what one request asks, what it is answered, and how a repetition is told from another request.

Pure. `services.acceptance` writes what these describe; `idempotency_keys.response` holds the kept form of a receipt.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from server.domain.errors import Refused
from server.queue.outbound import Ring
from server.repositories.idempotency import Stored
from server.schemas.messages import CommandRefused, MessageAccepted
from server.schemas.outbound import SendCommand

Result = MessageAccepted | CommandRefused
_RESULTS: TypeAdapter[tuple[Result, ...]] = TypeAdapter(tuple[Result, ...])


@dataclass(frozen=True, slots=True)
class Submission:
    """The commands of one request, and its Idempotency-Key."""

    api_key_id: UUID
    commands: Sequence[SendCommand]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One result a command, in order. `rings` are for after the commit; a replayed receipt has none."""

    results: tuple[Result, ...]
    replayed: bool = False
    rings: tuple[Ring, ...] = ()


Answer = Receipt | Refused


def request_hash(commands: Iterable[SendCommand]) -> bytes:
    """Equal for equal requests, however their JSON was written. A field that is new and left out changes nothing."""
    parts = (f"{command.type} {command.model_dump_json(by_alias=True, exclude_defaults=True)}" for command in commands)
    return hashlib.sha256("\n".join(parts).encode()).digest()


def kept(receipt: Receipt) -> str:
    """The JSON that a repetition is answered from."""
    return _RESULTS.dump_json(receipt.results).decode()


def again(stored: Stored | None, submission: Submission) -> Answer:
    """The answer to a request whose key was used before; None stands for a rival that vanished."""
    if stored is None:
        return Refused("idempotency_in_progress", retry_after_s=1)
    if stored.request_hash != request_hash(submission.commands):
        return Refused("idempotency_conflict")
    return Receipt(_RESULTS.validate_json(stored.response), replayed=True)
