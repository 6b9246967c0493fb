"""Applies what Meta said about our messages. Called by the webhook service inside its transaction.

Whatever the order, the repetition and the batching of statuses, the row becomes the same and each fact that becomes
known gives one event: facts merge to the earliest, and the rows are locked before they are compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from server.core.ids import new_id
from server.repositories import statuses as rows
from server.repositories import wamids
from server.repositories.events import Appended
from server.repositories.inbound import Word
from server.repositories.statuses import Key, Meant, Named, OrphanRow, Recipient, SaidRow
from server.repositories.wamids import Name
from server.schemas.events import StatusChanged, StatusError
from server.services.people import Met
from server.whatsapp.errors import Outcome, classify
from server.whatsapp.graph import GraphError
from server.whatsapp.opaque_id import OpaqueIds

if TYPE_CHECKING:
    from server.core.db import Connection


class Routed(Struct, frozen=True):
    """A status of one of our numbers."""

    workspace_id: UUID
    number_id: UUID
    status: StatusChanged

    @property
    def name(self) -> Name:
        return self.number_id, self.status.wamid


@dataclass(frozen=True, slots=True)
class Settled:
    """Statuses whose outbox rows are gone, and what each means: the next step merges them into their messages."""

    routed: Sequence[Routed]
    meant: Sequence[Meant]


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
    """What came of a batch of statuses: the events that were written, and what others have to write for it."""

    told: list[Appended] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


async def settle(connection: "Connection", routed: Sequence[Routed], opaque_ids: OpaqueIds) -> Settled:
    """Ends the dispatch of their messages: locks outbox rows, which comes before all else. Raises PostgresError."""
    named = [Named(*item.name, item.workspace_id, _claimed(item, opaque_ids)) for item in routed]
    return Settled(routed, await rows.settle(connection, named))


async def merge_facts(connection: "Connection", settled: Settled) -> Merged:
    """Writes what is new, with an event for each fact that became known. Raises asyncpg.PostgresError."""
    found: dict[Key, list[Routed]] = {}
    orphans: list[Routed] = []
    names: dict[Name, Key] = {}
    for item, meant in zip(settled.routed, settled.meant, strict=True):
        if meant.message_id is None:
            orphans.append(item)
            continue
        key = item.workspace_id, meant.message_id
        found.setdefault(key, []).append(item)
        if meant.is_new_name:
            names[item.name] = key
    told, strangers = await rows.merge(connection, [row for key, said in found.items() for row in _rows(key, said)])
    for key in strangers:
        orphans += found.pop(key)
    named = [wamids.Named(*name, *key) for name, key in names.items() if key in found]
    await wamids.learn(connection, named)
    await rows.keep_orphans(connection, [_orphan(item) for item in orphans])
    return await _merged(connection, found, told)


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


def _claimed(item: Routed, opaque_ids: OpaqueIds) -> UUID | None:
    """The message that the status itself names, if the name is ours. Its workspace is the number's."""
    read = opaque_ids.read(item.status.opaque_id) if item.status.opaque_id else None
    return None if read is None else read[0]


def _rows(key: Key, said: Sequence[Routed]) -> Iterator[SaidRow]:
    """Of the failures of a message only the first is told."""
    failure = _first_failure(said)
    for item in said:
        status = item.status
        error = _json(_error(status)) if status is failure else None
        pricing = None if status.pricing is None else _json(status.pricing)
        yield SaidRow(key, status.wamid, status.status, status.at, error, pricing)


async def _merged(connection: "Connection", found: dict[Key, list[Routed]], told: list[Appended]) -> Merged:
    failed = [(event.workspace_id, event.subject_id) for event in told if event.type == "message.failed"]
    of_people = [key for key, said in found.items() if any(_tells_of_person(item.status) for item in said)]
    recipients = await rows.recipients(connection, {*failed, *of_people})
    merged = Merged(told)
    for key in failed:
        failure = _first_failure(found[key])
        if failure is not None:
            merged.failed.append(_failed(key, failure, recipients[key]))
    for key in of_people:
        _learn_of_person(merged, key, [item.status for item in found[key]], recipients[key])
    return merged


def _tells_of_person(status: StatusChanged) -> bool:
    return status.person is not None or status.free_entry_until is not None


def _learn_of_person(merged: Merged, key: Key, said: Sequence[StatusChanged], recipient: Recipient) -> None:
    workspace_id, _message = key
    named = next(((status.person, status.at) for status in said if status.person is not None), None)
    if named is not None:
        merged.met.append(Met(workspace_id, named[0], at=named[1], contact_id=recipient.contact_id))
    free_until = max((status.free_entry_until for status in said if status.free_entry_until), default=None)
    if free_until is not None:
        pair = workspace_id, recipient.number_id, recipient.contact_id
        merged.words.append(Word(pair, new_id(), None, None, free_until))


def _failed(key: Key, failure: StatusChanged, recipient: Recipient) -> Failed:
    error = _error(failure)
    return Failed(
        workspace_id=key[0],
        number_id=recipient.number_id,
        contact_id=recipient.contact_id,
        message_id=key[1],
        at=failure.at,
        code=error["code"],
        title=error["title"],
        template=recipient.template,
    )


def _first_failure(said: Iterable[Routed]) -> StatusChanged | None:
    """Of several the least by time, code, title and details, as in merge_statuses: no order of arrival matters."""
    failures = [item.status for item in said if item.status.status == "failed"]
    return min(failures, key=_failure_order, default=None)


def _failure_order(status: StatusChanged) -> tuple[datetime, str, str, str]:
    error = _error(status)
    return status.at, str(error["code"]), error["title"], error["details"] or ""


def _error(status: StatusChanged) -> dict[str, Any]:
    error = status.error or StatusError(0, "Meta gave no reason")
    return {"source": "meta", "code": error.code, "title": error.title, "details": error.details}


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


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
