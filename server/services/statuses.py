"""Applies what Meta said about our messages. Called by the webhook service inside its transaction.

Whatever the order, the repetition and the batching of statuses, the row becomes the same and each fact that becomes
known gives one event: facts merge to the earliest, and the rows are locked before they are compared.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from server.core.ids import new_id
from server.domain.lifecycle import STATUS_FACTS
from server.repositories import statuses as rows
from server.repositories import wamids
from server.repositories.events import NewEvent
from server.repositories.inbound import Word
from server.repositories.statuses import Key, MergedRow, OrphanRow
from server.repositories.wamids import Name, Named
from server.schemas.events import Sender, StatusChanged, StatusError
from server.services.people import Met
from server.whatsapp.errors import Outcome, classify
from server.whatsapp.graph import GraphError
from server.whatsapp.opaque_id import OpaqueIds

if TYPE_CHECKING:
    from server.core.db import Connection

Failure = tuple[datetime, str, str, str]
"""When, code, title, details: of several the least is kept, which depends on no order of arrival."""


class Routed(Struct, frozen=True):
    """A status of one of our numbers."""

    workspace_id: UUID
    number_id: UUID
    status: StatusChanged

    @property
    def name(self) -> Name:
        return self.number_id, self.status.wamid


@dataclass(slots=True)
class _Said:
    """All that a batch says of one message."""

    wamid: str
    facts: dict[str, datetime] = field(default_factory=dict)
    failure: tuple[Failure, dict[str, Any]] | None = None
    pricing: dict[str, Any] | None = None
    person: Sender | None = None
    person_at: datetime | None = None
    free_entry_until: datetime | None = None

    def add(self, status: StatusChanged) -> None:
        self.wamid = min(self.wamid, status.wamid)
        fact = STATUS_FACTS[status.status]
        self.facts[fact] = min(status.at, self.facts.get(fact, status.at))
        if status.status == "failed":
            error = _error(status.error or StatusError(0, "Meta gave no reason"))
            failure = _failure(status.at, error), error
            self.failure = failure if self.failure is None else min(self.failure, failure, key=_first)
        self.pricing = _merged_pricing(self.pricing, status.pricing)
        if self.person is None and status.person is not None:
            self.person, self.person_at = status.person, status.at
        if status.free_entry_until is not None:
            self.free_entry_until = max(status.free_entry_until, self.free_entry_until or status.free_entry_until)


@dataclass(frozen=True, slots=True)
class Settled:
    """Statuses whose outbox rows are gone: the next step merges them into their messages."""

    routed: Sequence[Routed]
    claimed: list[Key | None]
    known: dict[Name, Key]
    keys: list[Key]


@dataclass(frozen=True, slots=True)
class Failed:
    """A message of which Meta told for the first time that it has failed. `template` is (name, language)."""

    workspace_id: UUID
    number_id: UUID
    contact_id: UUID
    message_id: UUID
    at: datetime
    code: int
    title: str
    template: tuple[str, str] | None

    @property
    def outcome(self) -> Outcome:
        """The same table judges it as an answer to a send."""
        return classify(GraphError(self.code, message=self.title), http_status=400)


@dataclass(slots=True)
class Merged:
    """What came of a batch of statuses: events, and what others have to write for it."""

    news: list[NewEvent] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


async def settle(connection: "Connection", routed: Sequence[Routed], opaque_ids: OpaqueIds) -> Settled:
    """Ends the dispatch of their messages: locks outbox rows, which comes before all else. Raises PostgresError."""
    claimed = [_claimed(item, opaque_ids) for item in routed]
    known = await wamids.find(connection, list({item.name for item in routed}))
    keys = sorted({key for key in claimed if key} | set(known.values()), key=lambda key: key[1])
    if keys:
        await rows.settle(connection, keys)
    return Settled(routed, claimed, known, keys)


async def merge_facts(connection: "Connection", settled: Settled) -> Merged:
    """An event for each fact that became known. Raises asyncpg.PostgresError."""
    if not settled.routed:
        return Merged()
    found = await rows.lock(connection, settled.keys) if settled.keys else []
    messages = {(row["workspace_id"], row["id"]): row for row in found}
    said: dict[Key, _Said] = {}
    named: dict[Name, Named] = {}
    orphans = []
    for item, claim in zip(settled.routed, settled.claimed, strict=True):
        key = _message(item, claim, settled.known, messages)
        if key is None:
            orphans.append(_orphan(item))
            continue
        said.setdefault(key, _Said(item.status.wamid)).add(item.status)
        if item.name not in settled.known:
            named[item.name] = Named(item.number_id, item.status.wamid, *key)
    await rows.merge(connection, [_row(key, what, messages[key]) for key, what in said.items()])
    failed = [key for key, what in said.items() if what.failure is not None and messages[key]["failed_at"] is None]
    templates = await rows.templates(connection, failed)
    await wamids.learn(connection, list(named.values()))
    await rows.keep_orphans(connection, orphans)
    return _merged(said, messages, templates)


async def adoptable(connection: "Connection", *, within_s: float, limit: int) -> tuple[list[OrphanRow], list[Routed]]:
    """The statuses whose message has become known since they came; the caller applies them, then drops them.

    One adopts at a time, and nobody waits for it: the orphans are locked last, as when others keep theirs.
    """
    if not await rows.take_adopters_turn(connection):
        return [], []
    orphans = await rows.adoptable_orphans(connection, within_s=within_s, limit=limit)
    return orphans, [
        Routed(row.workspace_id, row.number_id, msgspec.convert(row.data, StatusChanged)) for row in orphans
    ]


def _claimed(item: Routed, opaque_ids: OpaqueIds) -> Key | None:
    """The message that the status itself names, if the name is ours. Its workspace is the number's."""
    read = opaque_ids.read(item.status.opaque_id) if item.status.opaque_id else None
    return None if read is None else (item.workspace_id, read[0])


def _message(item: Routed, claim: Key | None, known: dict[Name, Key], messages: dict[Key, Any]) -> Key | None:
    """By our own id first, by Meta's second."""
    by_wamid = known.get(item.name)
    if claim is not None and claim in messages:
        return claim
    return by_wamid if by_wamid in messages else None


def _merged(said: dict[Key, _Said], messages: dict[Key, Any], templates: dict[Key, tuple[str, str]]) -> Merged:
    merged = Merged()
    for key, what in said.items():
        row = messages[key]
        merged.news += _events(row, what)
        if what.failure is not None and row["failed_at"] is None:
            merged.failed.append(_failed(row, what.failure, templates.get(key)))
        if what.person is not None:
            merged.met.append(Met(row["workspace_id"], what.person, at=what.person_at, contact_id=row["contact_id"]))
        if what.free_entry_until is not None:
            pair = row["workspace_id"], row["phone_number_id"], row["contact_id"]
            merged.words.append(Word(pair, new_id(), None, None, what.free_entry_until))
    return merged


def _failed(row: Any, failure: tuple[Failure, dict[str, Any]], template: tuple[str, str] | None) -> Failed:
    (at, *_), error = failure
    return Failed(
        workspace_id=row["workspace_id"],
        number_id=row["phone_number_id"],
        contact_id=row["contact_id"],
        message_id=row["id"],
        at=at,
        code=error["code"],
        title=error["title"],
        template=template,
    )


def _row(key: Key, said: _Said, before: Any) -> MergedRow:
    error = None
    if said.failure is not None and _is_first(said.failure[0], before):
        error = said.failure[1]
    pricing = said.pricing
    if pricing is not None and before["pricing"] is not None:
        pricing = _merged_pricing(msgspec.json.decode(before["pricing"]), pricing)
    wamid = said.wamid if before["wamid"] is None else None
    return MergedRow(key, wamid, said.facts, error, pricing)


def _is_first(failure: Failure, before: Any) -> bool:
    if before["failed_at"] is None:
        return True
    error = {} if before["error"] is None else msgspec.json.decode(before["error"])
    return failure < _failure(before["failed_at"], error)


def _events(before: Any, said: _Said) -> Iterable[NewEvent]:
    """One a fact that nobody knew before, in the order in which the facts happen."""
    for status, column in STATUS_FACTS.items():
        at = said.facts.get(column)
        if at is None or before[column] is not None:
            continue
        data = {
            "message_id": before["id"],
            "client_reference": before["client_reference"],
            "wamid": before["wamid"] or said.wamid,
            "phone_number_id": before["phone_number_id"],
            "contact_id": before["contact_id"],
            "conversation_id": before["conversation_id"],
            "at": at,
        }
        if status == "failed" and said.failure is not None:
            data["error"] = said.failure[1]
        yield NewEvent(before["workspace_id"], f"message.{status}", before["id"], data)


def _error(error: StatusError) -> dict[str, Any]:
    return {"source": "meta", "code": error.code, "title": error.title, "details": error.details}


def _failure(at: datetime, error: dict[str, Any]) -> Failure:
    return at, str(error.get("code")), str(error.get("title")), str(error.get("details"))


def _first(failure: tuple[Failure, dict[str, Any]]) -> Failure:
    return failure[0]


def _merged_pricing(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """Meta repeats the price. Should it ever differ, the choice must not depend on the order of arrival."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda pricing: json.dumps(pricing, sort_keys=True))


def _orphan(item: Routed) -> OrphanRow:
    status = item.status
    return OrphanRow(
        number_id=item.number_id,
        wamid=status.wamid,
        status=status.status,
        recipient=status.recipient or "",
        error_code=status.error.code if status.error else 0,
        workspace_id=item.workspace_id,
        at=status.at,
        data=msgspec.to_builtins(status),
    )
