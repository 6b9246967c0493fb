"""Accepting: commands become messages, in one transaction, many at once. Called by `services.messages` only.

Every command is looked up, judged by the gates, and written with its outbox row; the Idempotency-Key of its request is
written by the same statement. Two statements do it, and two more where people are new, however many commands there
are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from server.core.ids import new_id
from server.domain import budget, gates, window
from server.domain.enums import DispatchState
from server.domain.errors import CATALOGUE
from server.domain.field_errors import field_error
from server.queue.outbound import Ring
from server.repositories import contacts, conversations, idempotency
from server.repositories import messages as rows
from server.repositories.idempotency import Stored
from server.repositories.messages import CommandFacts, NewKey, NewMessage
from server.schemas.messages import Accepted, CommandRefused, Result
from server.schemas.outbound import (
    SendCommand,
    stored_content,
)
from server.schemas.problems import FieldEntry
from server.services.command_lookup import Item, gate_facts, lane, look_up
from server.services.submissions import Answer, Submission, again, receipt, request_hash

if TYPE_CHECKING:
    from server.core.db import Connection

SCHEDULE_AHEAD_MAX = timedelta(days=90)
AUTHENTICATION_EXPIRES_AFTER = timedelta(minutes=10)
"""A one-time password that is late is worse than none (Meta: authentication templates, default time to live)."""


class _Going(msgspec.Struct, frozen=True):
    """A command that the gates let pass: now, or later for a reason."""

    item: Item
    number_id: UUID
    wait_reason: str | None


class _Stopped(msgspec.Struct, frozen=True):
    """A command that a gate refused for good."""

    item: Item
    refusal: CommandRefused


class _Draft(msgspec.Struct):
    """What is to be written for one submission, and what it is answered then."""

    submission: Submission
    results: list[Result] = []
    messages: list[NewMessage] = []
    commands: list[SendCommand] = []
    rings: dict[UUID, Ring] = {}


async def accept(
    connection: "Connection", workspace_id: UUID, submissions: Sequence[Submission], *, endpoint: str
) -> list[Answer]:
    """What to answer each submission once the transaction has committed. Their keys differ from each other.

    A submission of which every command is refused writes nothing, not even its key. Refused: idempotency_conflict, or
    idempotency_in_progress for a rival that vanished. Raises asyncpg.LockNotAvailableError after lock_timeout.
    """
    items = await look_up(connection, workspace_id, submissions, endpoint=endpoint)
    answers = _repeated(items)
    verdicts = [_judge(item) for item in items if item.of not in answers]
    drafts = await _draft(connection, workspace_id, verdicts)
    answers |= await _write(connection, workspace_id, drafts, endpoint)
    return [answers[index] for index in range(len(submissions))]


def _repeated(items: Sequence[Item]) -> dict[int, Answer]:
    """The answers of submissions whose keys were used before."""
    return {
        item.of: again(Stored(item.facts.request_hash, item.facts.response), item.submission)
        for item in items
        if item.facts.request_hash is not None and item.facts.response is not None
    }


def _judge(item: Item) -> _Going | _Stopped:
    """A number that is paused takes messages and lets them wait; whatever waiting cannot mend is refused."""
    facts = item.facts
    if facts.number_id is None:
        return _Stopped(item, _refusal("unknown_number"))
    if item.command.send_at is not None and item.command.send_at > facts.at + SCHEDULE_AHEAD_MAX:
        return _Stopped(item, _refusal("too_far_ahead"))
    if item.media.unknown:
        return _Stopped(item, unknown_media(item.media.unknown))
    verdict = gates.first_refusal(gate_facts(item), item.starts_at)
    if verdict is None:
        return _Going(item, facts.number_id, None)
    if verdict.final:
        code = verdict.code or verdict.gate
        detail = _since_when(facts) if code == "window_closed" else verdict.detail
        return _Stopped(item, _refusal(code, detail))
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
        accepted = _accepted(message, item)
        draft.messages.append(message)
        draft.commands.append(item.command)
        draft.results.append(accepted)
        rings_now = verdict.wait_reason is None and accepted.state == DispatchState.QUEUED
        if rings_now and message.phone_number_id not in draft.rings:
            rate = budget.rate(item.facts.throughput_mps or 1)
            draft.rings[message.phone_number_id] = Ring(message.phone_number_id, rate)
    return drafts


async def _places(connection: "Connection", workspace_id: UUID, going: Sequence[_Going]) -> list[tuple[UUID, UUID]]:
    """The contact and the conversation of each."""
    strangers = {one.item.recipient for one in going if one.item.facts.contact_id is None}
    people = await contacts.ensure(connection, workspace_id, strangers) if strangers else {}
    pairs = [(one.number_id, one.item.facts.contact_id or people[one.item.recipient]) for one in going]
    new = {pair for one, pair in zip(going, pairs, strict=True) if one.item.facts.conversation_id is None}
    opened = await conversations.ensure(connection, workspace_id, new) if new else {}
    return [(pair[1], one.item.facts.conversation_id or opened[pair]) for one, pair in zip(going, pairs, strict=True)]


async def _write(
    connection: "Connection", workspace_id: UUID, drafts: dict[int, _Draft], endpoint: str
) -> dict[int, Answer]:
    receipts = {of: receipt(draft.results, draft.rings.values()) for of, draft in drafts.items()}
    answers: dict[int, Answer] = {**receipts}
    messages = [message for draft in drafts.values() for message in draft.messages]
    if not messages:
        return answers
    keys = {
        of: NewKey(draft.submission.key, request_hash(draft.submission.commands), receipts[of].written.decode())
        for of, draft in drafts.items()
        if draft.messages and draft.submission.key is not None
    }
    contents = b"[%b]" % b",".join(stored_content(command) for draft in drafts.values() for command in draft.commands)
    free = await rows.insert(
        connection,
        workspace_id,
        endpoint=endpoint,
        keys=list(keys.values()),
        messages=messages,
        contents=contents.decode(),
    )
    for of, key in keys.items():
        if key.key not in free:
            # A rival has committed it since we looked.
            stored = await idempotency.find(connection, workspace_id, endpoint=endpoint, key=key.key)
            answers[of] = again(stored, drafts[of].submission)
    return answers


def _expires_at(item: Item) -> datetime | None:
    if item.command.expires_at is None and item.facts.template_category == gates.AUTHENTICATION:
        return item.starts_at + AUTHENTICATION_EXPIRES_AFTER
    return item.command.expires_at


def _state(item: Item) -> DispatchState:
    return DispatchState.SCHEDULED if item.starts_at > item.facts.at else DispatchState.QUEUED


def _message(going: _Going, contact_id: UUID, conversation_id: UUID) -> NewMessage:
    item, command = going.item, going.item.command
    return NewMessage(
        id=new_id(),
        key=going.item.submission.key,
        api_key_id=going.item.submission.api_key_id,
        phone_number_id=going.number_id,
        contact_id=contact_id,
        conversation_id=conversation_id,
        type=command.type,
        recipient=command.to,
        client_reference=command.client_reference,
        lane=lane(item),
        on_ambiguous=command.on_ambiguous,
        send_at=command.send_at,
        expires_at=_expires_at(item),
        wait_reason=going.wait_reason,
        media=item.media.ids,
    )


def _accepted(message: NewMessage, item: Item) -> Accepted:
    return Accepted(
        id=message.id,
        state=_state(item),
        sender=message.phone_number_id,
        to=message.recipient,
        client_reference=message.client_reference,
        created_at=item.facts.at,
        send_at=message.send_at,
        expires_at=message.expires_at,
        conversation_id=message.conversation_id,
        contact_id=message.contact_id,
    )


def _refusal(code: str, detail: str | None = None) -> CommandRefused:
    return CommandRefused(code=code, detail=detail or CATALOGUE[code].title)


def unknown_media(places: Iterable[str]) -> CommandRefused:
    """Says which of the media that a command names there are not."""
    errors = tuple(FieldEntry(**asdict(field_error(place, "no_such_medium"))) for place in places)
    return CommandRefused(code="unknown_media", detail=CATALOGUE["unknown_media"].title, errors=errors)


def _since_when(facts: CommandFacts) -> str:
    closed = window.closes_at(facts.last_inbound_at)
    if closed is None:
        return "The customer service window is closed: this person has not written to this number"
    return f"The customer service window closed at {closed:%Y-%m-%dT%H:%M:%SZ}"
