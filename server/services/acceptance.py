"""Accepting: commands become messages, in one transaction, many at once. Called by `services.messages` only.

Every command is looked up, judged by the gates, and written with its outbox row; the Idempotency-Key of its request is
written by the same statement. Two statements do it, and two more where people are new, however many commands there
are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from server.core.ids import new_id
from server.domain import budget, gates, window
from server.domain.enums import LANE_OF, DispatchState, IdentityKind, Lane
from server.domain.errors import CATALOGUE
from server.domain.field_errors import field_error
from server.domain.identity import phone_digits
from server.domain.media import own_id
from server.queue.outbound import Ring
from server.repositories import contacts, conversations, idempotency
from server.repositories import media as media_rows
from server.repositories import messages as rows
from server.repositories.idempotency import Stored
from server.repositories.messages import Asked, CommandFacts, NewKey, NewMessage, SenderName, TemplateName
from server.schemas.messages import Accepted, CommandRefused, Result
from server.schemas.outbound import (
    Direct,
    SendCommand,
    SendContacts,
    SendLocation,
    SendReaction,
    SendTemplate,
    SendText,
    stored_content,
)
from server.schemas.problems import FieldEntry
from server.services.submissions import Answer, Receipt, Submission, again, kept, request_hash
from server.whatsapp.renderer import media_paths

if TYPE_CHECKING:
    from server.core.db import Connection

SCHEDULE_AHEAD_MAX = timedelta(days=90)
AUTHENTICATION_EXPIRES_AFTER = timedelta(minutes=10)
"""A one-time password that is late is worse than none (Meta: authentication templates, default time to live)."""
_UUID_LENGTH = 36
_USER_IDS = (IdentityKind.BSUID, IdentityKind.PARENT_BSUID)
_NAME_NO_MEDIA = (SendText, SendLocation, SendContacts, SendReaction)


class _Item(msgspec.Struct, frozen=True):
    """A command of submission number `of`, with what is known about it."""

    of: int
    submission: Submission
    command: SendCommand
    facts: CommandFacts
    media: "_Media"


class _Media(msgspec.Struct, frozen=True):
    """The media of this platform that a command names, and the places of those that there are not."""

    ids: tuple[UUID, ...] = ()
    unknown: tuple[str, ...] = ()


_NO_MEDIA = _Media()


class _Going(msgspec.Struct, frozen=True):
    """A command that the gates let pass: now, or later for a reason."""

    item: _Item
    number_id: UUID
    wait_reason: str | None


class _Stopped(msgspec.Struct, frozen=True):
    """A command that a gate refused for good."""

    item: _Item
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
    items = await _look_up(connection, workspace_id, submissions, endpoint)
    answers = _repeated(items)
    verdicts = [_judge(item) for item in items if item.of not in answers]
    drafts = await _draft(connection, workspace_id, verdicts)
    answers |= await _write(connection, workspace_id, drafts, endpoint)
    return [answers[index] for index in range(len(submissions))]


class Known(msgspec.Struct, frozen=True):
    """What accepting a command would go by. `starts_at`: when it may leave at the earliest.

    `unknown_media`: the places where it names media that there are not.
    """

    facts: CommandFacts
    unknown_media: tuple[str, ...]
    gate_facts: gates.GateFacts
    starts_at: datetime
    lane: Lane


async def look_up(connection: "Connection", workspace_id: UUID, command: SendCommand) -> Known:
    """Looks at one command and writes nothing."""
    submission = Submission(workspace_id, [command])
    [item] = await _look_up(connection, workspace_id, [submission], endpoint="")
    return Known(item.facts, item.media.unknown, _gate_facts(item), _starts_at(item), _lane(item))


async def _look_up(
    connection: "Connection", workspace_id: UUID, submissions: Sequence[Submission], endpoint: str
) -> list[_Item]:
    asked = [
        Asked(
            _sender(command.sender),
            command.recipient,
            _template(command),
            isinstance(command, SendTemplate) and command.marketing is not None,
            submission.key if first else None,
        )
        for submission in submissions
        for first, command in _with_first(submission.commands)
    ]
    facts = iter(await rows.resolve(connection, workspace_id, asked, endpoint=endpoint))
    media = iter(await _media(connection, workspace_id, [one for each in submissions for one in each.commands]))
    return [
        _Item(of, submission, command, next(facts), next(media))
        for of, submission in enumerate(submissions)
        for command in submission.commands
    ]


async def _media(connection: "Connection", workspace_id: UUID, commands: Sequence[SendCommand]) -> list[_Media]:
    """What each command names. One statement, and none where nobody names a medium of ours."""
    named = [_named(command) for command in commands]
    wanted = {media_id for places in named for media_id in places.values()}
    if not wanted:
        return [_NO_MEDIA] * len(named)
    known = await media_rows.known(connection, workspace_id, wanted)
    return [
        _Media(
            tuple(dict.fromkeys(places.values())),
            tuple(path for path, media_id in places.items() if media_id not in known),
        )
        if places
        else _NO_MEDIA
        for places in named
    ]


def _named(command: SendCommand) -> dict[str, UUID]:
    """The media of this platform in a command, by their places."""
    if isinstance(command, _NAME_NO_MEDIA):
        return {}
    return {path: ours for path, written in media_paths(command).items() if (ours := own_id(written))}


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
    if item.command.send_at is not None and item.command.send_at > facts.at + SCHEDULE_AHEAD_MAX:
        return _Stopped(item, _refusal("too_far_ahead"))
    if item.media.unknown:
        return _Stopped(item, unknown_media(item.media.unknown))
    verdict = gates.first_refusal(_gate_facts(item), _starts_at(item))
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
    strangers = {one.item.command.recipient for one in going if one.item.facts.contact_id is None}
    people = await contacts.ensure(connection, workspace_id, strangers) if strangers else {}
    pairs = [(one.number_id, one.item.facts.contact_id or people[one.item.command.recipient]) for one in going]
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


def _gate_facts(item: _Item) -> gates.GateFacts:
    command, facts = item.command, item.facts
    return gates.GateFacts(
        free_form=gates.is_free_form(
            command.type,
            category=command.category if isinstance(command, Direct) else None,
            recipient_type=command.recipient_type,
        ),
        last_inbound_at=facts.last_inbound_at,
        number_pause_reason=facts.pause_reason,
        expires_at=command.expires_at,
        template_status=facts.template_status,
        category=_category(item),
        opted_out=facts.opted_out,
        names_user_id=command.recipient.kind in _USER_IDS,
    )


def _category(item: _Item) -> str | None:
    """Meta's category of what is sent, where it is known."""
    command = item.command
    if isinstance(command, SendTemplate) and command.marketing is not None:
        return gates.MARKETING
    if isinstance(command, Direct) and command.category is not None:
        return command.category.upper()
    return item.facts.template_category


def _starts_at(item: _Item) -> datetime:
    """When it may leave at the earliest."""
    return max(item.command.send_at or item.facts.at, item.facts.at)


def _expires_at(item: _Item) -> datetime | None:
    if item.command.expires_at is None and item.facts.template_category == gates.AUTHENTICATION:
        return _starts_at(item) + AUTHENTICATION_EXPIRES_AFTER
    return item.command.expires_at


def _lane(item: _Item) -> Lane:
    """Replies and one-time passwords leave before other sends by API."""
    command = item.command
    if command.priority is not None:
        return LANE_OF[command.priority]
    return Lane.P0 if _category(item) == gates.AUTHENTICATION or command.reply_to is not None else Lane.P1


def _state(item: _Item) -> DispatchState:
    is_later = item.command.send_at is not None and item.command.send_at > item.facts.at
    return DispatchState.SCHEDULED if is_later else DispatchState.QUEUED


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
        lane=_lane(item),
        on_ambiguous=command.on_ambiguous,
        send_at=command.send_at,
        expires_at=_expires_at(item),
        wait_reason=going.wait_reason,
        media=item.media.ids,
    )


def _accepted(message: NewMessage, item: _Item) -> Accepted:
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


@lru_cache(maxsize=1024)
def _sender(written: str) -> SenderName:
    """Our ids have hyphens; Meta's ids and phone numbers are digits."""
    if len(written) == _UUID_LENGTH:
        try:
            return SenderName(written, UUID(written), None)
        except ValueError:
            pass
    digits = phone_digits(written)
    return SenderName(written, None, digits or (written if written.isascii() and written.isdecimal() else None))


def _template(command: SendCommand) -> TemplateName | None:
    if not isinstance(command, SendTemplate):
        return None
    return TemplateName(command.template.name, command.template.language.code)


def _with_first(commands: Sequence[SendCommand]) -> Iterable[tuple[bool, SendCommand]]:
    return ((index == 0, command) for index, command in enumerate(commands))
