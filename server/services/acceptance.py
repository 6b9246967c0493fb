"""Accepting: commands become messages, in one transaction, many at once. Called by `services.messages` only.

Every command is looked up, judged by the gates, and written with its outbox row; the Idempotency-Key of its request is
written by the same statement. Two statements do it, and two more where people are new, however many commands there
are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.ids import new_id
from server.domain import budget, gates, window
from server.domain.enums import Lane
from server.domain.errors import CATALOGUE
from server.domain.identity import phone_digits
from server.queue.outbound import Ring
from server.repositories import contacts, conversations, idempotency
from server.repositories import messages as rows
from server.repositories.idempotency import Stored
from server.repositories.messages import Asked, CommandFacts, NewKey, NewMessage, SenderName
from server.schemas.messages import CommandRefused, MessageAccepted
from server.schemas.outbound import SendCommand, stored_content
from server.services.submissions import Answer, Receipt, Result, Submission, again, kept, request_hash

if TYPE_CHECKING:
    from server.core.db import Connection

LOCK_WAIT_MS = 2000
"""How long a request waits for a rival with the same Idempotency-Key."""
_UUID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class _Item:
    """A command of submission number `of`, with what is known about it."""

    of: int
    submission: Submission
    command: SendCommand
    facts: CommandFacts


@dataclass(frozen=True, slots=True)
class _Going:
    """A command that the gates let pass: now, or later for a reason."""

    item: _Item
    number_id: UUID
    wait_reason: str | None


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A command that a gate refused for good."""

    item: _Item
    refusal: CommandRefused


@dataclass(slots=True)
class _Draft:
    """What is to be written for one submission, and what it is answered then."""

    submission: Submission
    results: list[Result] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    rings: dict[UUID, Ring] = field(default_factory=dict)


async def accept(
    connection: "Connection", workspace_id: UUID, submissions: Sequence[Submission], *, endpoint: str
) -> list[Answer]:
    """What to answer each submission once the transaction has committed. Their keys differ from each other.

    A submission of which every command is refused writes nothing, not even its key. Refused: idempotency_conflict, or
    idempotency_in_progress for a rival that vanished. Raises asyncpg.LockNotAvailableError after LOCK_WAIT_MS.
    """
    items = await _look_up(connection, workspace_id, submissions, endpoint)
    answers = _repeated(items)
    verdicts = [_judge(item) for item in items if item.of not in answers]
    drafts = await _draft(connection, workspace_id, verdicts)
    answers |= await _write(connection, workspace_id, drafts, endpoint)
    return [answers[index] for index in range(len(submissions))]


async def _look_up(
    connection: "Connection", workspace_id: UUID, submissions: Sequence[Submission], endpoint: str
) -> list[_Item]:
    asked = [
        Asked(_sender(command.sender), _digits(command), submission.key if first else None)
        for submission in submissions
        for first, command in _with_first(submission.commands)
    ]
    facts = iter(await rows.resolve(connection, workspace_id, asked, endpoint=endpoint, lock_wait_ms=LOCK_WAIT_MS))
    return [
        _Item(of, submission, command, next(facts))
        for of, submission in enumerate(submissions)
        for command in submission.commands
    ]


def _repeated(items: Sequence[_Item]) -> dict[int, Answer]:
    """The answers of submissions whose keys were used before."""
    return {
        item.of: again(Stored(item.facts.request_hash, item.facts.response), item.submission)
        for item in items
        if item.facts.request_hash is not None and item.facts.response is not None
    }


def _judge(item: _Item) -> _Going | _Stopped:
    """A number that is paused takes messages and lets them wait; whatever waiting cannot mend is refused."""
    facts = item.facts
    if facts.number_id is None:
        return _Stopped(item, _refusal("unknown_number"))
    verdict = gates.first_refusal(
        gates.GateFacts(item.command.type, facts.last_inbound_at, facts.pause_reason), facts.at
    )
    if verdict is None:
        return _Going(item, facts.number_id, None)
    if verdict.final:
        code = verdict.code or verdict.gate
        return _Stopped(item, _refusal(code, _since_when(facts) if code == "window_closed" else None))
    return _Going(item, facts.number_id, verdict.code or verdict.gate)


async def _draft(
    connection: "Connection", workspace_id: UUID, verdicts: Sequence[_Going | _Stopped]
) -> dict[int, _Draft]:
    """Makes the people and conversations that are missing, and with them the messages."""
    going = [verdict for verdict in verdicts if isinstance(verdict, _Going)]
    places = iter(await _places(connection, workspace_id, going))
    drafts: dict[int, _Draft] = {}
    for verdict in verdicts:
        item = verdict.item
        draft = drafts.setdefault(item.of, _Draft(item.submission))
        if isinstance(verdict, _Stopped):
            draft.results.append(verdict.refusal)
            continue
        message = _message(verdict, *next(places))
        draft.messages.append(message)
        draft.results.append(_accepted(message, item))
        if verdict.wait_reason is None:
            draft.rings[message.phone_number_id] = Ring(
                message.phone_number_id, budget.rate(item.facts.throughput_mps or 1)
            )
    return drafts


async def _places(connection: "Connection", workspace_id: UUID, going: Sequence[_Going]) -> list[tuple[UUID, UUID]]:
    """The contact and the conversation of each."""
    strangers = {_digits(one.item.command) for one in going if one.item.facts.contact_id is None}
    people = await contacts.ensure(connection, workspace_id, strangers) if strangers else {}
    pairs = [(one.number_id, one.item.facts.contact_id or people[_digits(one.item.command)]) for one in going]
    new = {pair for one, pair in zip(going, pairs, strict=True) if one.item.facts.conversation_id is None}
    opened = await conversations.ensure(connection, workspace_id, new) if new else {}
    return [(pair[1], one.item.facts.conversation_id or opened[pair]) for one, pair in zip(going, pairs, strict=True)]


async def _write(
    connection: "Connection", workspace_id: UUID, drafts: dict[int, _Draft], endpoint: str
) -> dict[int, Answer]:
    receipts = {of: Receipt(tuple(draft.results), rings=tuple(draft.rings.values())) for of, draft in drafts.items()}
    answers: dict[int, Answer] = {**receipts}
    messages = [message for draft in drafts.values() for message in draft.messages]
    if not messages:
        return answers
    keys = {
        of: NewKey(draft.submission.key, request_hash(draft.submission.commands), kept(receipts[of]))
        for of, draft in drafts.items()
        if draft.messages and draft.submission.key is not None
    }
    free = await rows.insert(connection, workspace_id, endpoint=endpoint, keys=list(keys.values()), messages=messages)
    for of, key in keys.items():
        if key.key not in free:
            # A rival has committed it since we looked.
            stored = await idempotency.find(connection, workspace_id, endpoint=endpoint, key=key.key)
            answers[of] = again(stored, drafts[of].submission)
    return answers


def _message(going: _Going, contact_id: UUID, conversation_id: UUID) -> NewMessage:
    command = going.item.command
    return NewMessage(
        id=new_id(),
        key=going.item.submission.key,
        api_key_id=going.item.submission.api_key_id,
        phone_number_id=going.number_id,
        contact_id=contact_id,
        conversation_id=conversation_id,
        type=command.type,
        content=stored_content(command),
        recipient=command.to,
        client_reference=command.client_reference,
        # Replies leave before other sends by API.
        lane=Lane.P1 if command.reply_to is None else Lane.P0,
        on_ambiguous=command.on_ambiguous,
        wait_reason=going.wait_reason,
    )


def _accepted(message: NewMessage, item: _Item) -> MessageAccepted:
    return MessageAccepted(
        id=message.id,
        sender=message.phone_number_id,
        to=message.recipient,
        client_reference=message.client_reference,
        created_at=item.facts.at,
        conversation_id=message.conversation_id,
        contact_id=message.contact_id,
    )


def _refusal(code: str, detail: str | None = None) -> CommandRefused:
    return CommandRefused(code=code, detail=detail or CATALOGUE[code].title)


def _since_when(facts: CommandFacts) -> str:
    closed = window.closes_at(facts.last_inbound_at)
    if closed is None:
        return "The customer service window is closed: this person has not written to this number"
    return f"The customer service window closed at {closed:%Y-%m-%dT%H:%M:%SZ}"


def _sender(written: str) -> SenderName:
    """Our ids have hyphens; Meta's ids and phone numbers are digits."""
    if len(written) == _UUID_LENGTH:
        try:
            return SenderName(written, UUID(written), None)
        except ValueError:
            pass
    digits = phone_digits(written)
    return SenderName(written, None, digits or (written if written.isascii() and written.isdecimal() else None))


def _digits(command: SendCommand) -> str:
    return command.to.removeprefix("+")


def _with_first(commands: Sequence[SendCommand]) -> Iterable[tuple[bool, SendCommand]]:
    return ((index == 0, command) for index, command in enumerate(commands))
