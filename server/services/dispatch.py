"""Dispatch: from granted budgets to messages on the wire, and from results to settled messages.

`claim` is one short transaction that ends with the commit of `sending`; `settle` is one transaction for all results of
a tick. The outbound worker calls both and writes to Meta in between; nothing here opens HTTP.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from asyncpg import Record
from pydantic import ValidationError

from server.core import telemetry
from server.core.clock import boottime, now
from server.core.crypto import CannotDecrypt, Keyring
from server.core.db import Database
from server.core.failpoints import fp
from server.domain import budget, gates, reconciliation, window
from server.domain.bite import Bite
from server.domain.enums import Lane
from server.domain.lanes import BulkFloor
from server.domain.media import own_id
from server.queue.outbound import KEEP_TURN, LEAVE, Grant, OutboundQueue, Ring, Spending
from server.repositories import dispatch as rows
from server.repositories import events, media_uploads
from server.repositories.dispatch import Key, Portion
from server.repositories.phone_numbers import Pause
from server.schemas.outbound import SendCommand, from_stored
from server.services import messaging_limits, pauses
from server.services.budgets import Budgets
from server.services.claimed import gate_facts
from server.services.messaging_limits import Reaching
from server.services.tokens import Tokens
from server.whatsapp.access_token import AccessToken
from server.whatsapp.opaque_id import OpaqueIds
from server.whatsapp.renderer import Rendered, own_media, render

if TYPE_CHECKING:
    from server.core.db import Connection

NUMBERS_A_LEASE = 64
PAUSED_RECHECK_S = 30.0
MEDIA_RECHECK_S = 30.0
"""Whoever uploads the file makes its messages due at once; this is for when that is lost."""


NEVER = float("-inf")


class Departure(msgspec.Struct, frozen=True):
    """A message that is committed as `sending` and must be written now, once. It began by the database's clock.

    It became `sending` after `marked_at`, and its budget was asked for at `spent_at`. After `begin_by` it must not be
    written: others may have seen its budget as unused, or its try as dead. All are seconds of `core.clock.boottime`.
    """

    key: Key
    number_id: UUID
    started_at: datetime
    marked_at: float
    phone_number_id: str
    token: AccessToken
    request: Rendered
    spent_at: float = NEVER
    begin_by: float = NEVER

    def __repr__(self) -> str:
        return f"Departure({self.key})"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim came to: of so many `turns`, and how long until there is another (None: nobody knows)."""

    departures: tuple[Departure, ...]
    turns: int
    next_in_s: float | None


@dataclass(slots=True)
class _Judged:
    """The rows of a claim, by what becomes of them."""

    going: list[Record]
    waiting: list[tuple[Record, float, str]]
    failing: list[tuple[Record, str]]


class Dispatch:
    """The sending half of the product, without the wire."""

    def __init__(
        self,
        db: Database,
        queue: OutboundQueue,
        keyring: Keyring,
        *,
        worker_id: UUID,
        grant_to_wire_s: float,
        sending_to_wire_s: float,
    ) -> None:
        self._db = db
        self._queue = queue
        self._budgets = Budgets(queue, db)
        self._bite = Bite()
        self._bulk_floor = BulkFloor()
        self._tokens = Tokens(keyring)
        self._opaque_ids = OpaqueIds(keyring)
        self._worker_id = worker_id
        self._grant_to_wire_s = grant_to_wire_s
        self._sending_to_wire_s = sending_to_wire_s

    async def claim(self, *, room: int) -> Claim:
        """Leases turns, commits at most `room` messages as `sending`, and spends their budgets.

        Raises core.db.UNREACHABLE or core.valkey.UNREACHABLE; then nothing was claimed, or the rescuer finds it.
        """
        self._bite.grow()
        lease = await self._budgets.lease(numbers=NUMBERS_A_LEASE, messages=min(room, self._bite.size))
        if not lease.grants:
            return Claim((), 0, lease.next_in_s)
        fp("ow.leased")
        is_counted = self._budgets.counts
        with telemetry.claims.time():
            async with self._db.hot() as connection:
                departures, spendings = await self._commit_sending(connection, lease.grants)
        if departures:
            fp("ow.sending_committed")
        departures = await self._spend(departures, spendings, is_counted=is_counted)
        return Claim(tuple(departures), len(lease.grants), lease.next_in_s)

    def was_late(self, departure: Departure) -> None:
        """It was not written, because it could not begin in time."""
        if departure.begin_by != NEVER:
            self._bite.cut(claimed_at=departure.marked_at, at=boottime())

    async def _spend(
        self, departures: Sequence[Departure], spendings: Sequence[Spending], *, is_counted: bool
    ) -> list[Departure]:
        """With the time by which each must be on the wire: at once, or never where others have spent the budget."""
        leaves = await self._budgets.spend(spendings)
        left = {item.grant.number_id: leave.messages for item, leave in zip(spendings, leaves, strict=True)}
        spent_at = {item.grant.number_id: leave.spent_at for item, leave in zip(spendings, leaves, strict=True)}
        timed = []
        for departure in departures:
            number = departure.number_id
            left[number] -= 1
            if left[number] < 0:
                timed.append(departure)
                continue
            asked_at = departure.marked_at if (spent := spent_at[number]) is None else spent
            counted_at = departure.marked_at if is_counted else asked_at
            begin_by = min(counted_at + self._grant_to_wire_s, departure.marked_at + self._sending_to_wire_s)
            timed.append(msgspec.structs.replace(departure, spent_at=asked_at, begin_by=begin_by))
        return timed

    async def close(self) -> None:
        """Ends what runs beside the claims."""
        await self._budgets.close()

    async def ring_numbers(self, numbers: Sequence[UUID] | None) -> int:
        """Rings those of the numbers (None: of all) that have something due; how many."""
        async with self._db.pool.acquire(timeout=5) as connection:
            busy = await rows.numbers_with_work(connection, numbers)
        await self._queue.ring([Ring(number, budget.rate(throughput)) for number, throughput in busy])
        return len(busy)

    async def _commit_sending(
        self, connection: "Connection", grants: Sequence[Grant]
    ) -> tuple[list[Departure], list[Spending]]:
        by_number = {grant.number_id: grant for grant in grants}
        numbers = {row["id"]: row for row in await rows.lock_numbers(connection, list(by_number))}
        tokens = await self._usable_tokens(connection, numbers)
        probing = {number for number in tokens if reconciliation.breaker_is_open(numbers[number]["ambiguous"])}
        granted = {number: by_number[number].messages for number in tokens}
        throughputs_mps = {number: numbers[number]["throughput_mps"] for number in tokens}
        allowed = await self._budgets.allowed(connection, granted, throughputs_mps)
        claimed = await self._claim(connection, allowed, numbers, probing)
        if claimed:
            fp("ow.selected")
        judged = self._judge(claimed, numbers)
        media = await _find_media(connection, judged)
        await self._apply_pair_rate(connection, judged)
        await self._apply_messaging_limit(connection, judged, numbers)
        rendered = [(row, request) for row in judged.going if (request := self._render(row, numbers, judged, media))]
        if rendered:
            fp("ow.rendered")
        marked_at = boottime()
        began = await rows.mark_sending(connection, [row for row, _ in rendered], self._worker_id)
        await rows.put_off(connection, judged.waiting)
        await fail(connection, judged.failing)
        departures = [
            Departure(
                key=_next_try(row),
                number_id=row["phone_number_id"],
                started_at=began[row["message_id"]],
                marked_at=marked_at,
                phone_number_id=numbers[row["phone_number_id"]]["phone_number_id"],
                token=tokens[row["phone_number_id"]],
                request=request,
            )
            for row, request in rendered
        ]
        return departures, await self._turn_ends(connection, by_number, numbers, allowed, claimed, set(began))

    async def _claim(
        self, connection: "Connection", allowed: dict[UUID, int], numbers: dict[UUID, Record], probing: set[UUID]
    ) -> list[Record]:
        """Faster lanes first, of what the bulk lane's share leaves."""
        steady = {number: most for number, most in allowed.items() if number not in probing}
        kept = self._bulk_floor.take({n: most for n, most in steady.items() if not numbers[n]["bulk_is_paused"]})
        bulk_lane = (Lane.P2, Lane.P2)
        bulk = await rows.claim(connection, [Portion(n, most, False, bulk_lane) for n, most in kept.items()])
        taken = Counter(row["phone_number_id"] for row in bulk)
        portions = [
            Portion(n, most - taken[n], n in probing, (Lane.P0, Lane.P1 if numbers[n]["bulk_is_paused"] else Lane.P2))
            for n, most in allowed.items()
        ]
        return [*await rows.claim(connection, portions, besides=bulk), *bulk]

    async def _usable_tokens(self, connection: "Connection", numbers: dict[UUID, Record]) -> dict[UUID, AccessToken]:
        """Tokens of the numbers that may send; a number whose token does not open is paused."""
        tokens: dict[UUID, AccessToken] = {}
        broken: dict[UUID, Pause] = {}
        for number, row in numbers.items():
            if row["pause_reason"] is not None:
                continue
            try:
                tokens[number] = self._tokens.open(row, row["workspace_id"], number)
            except CannotDecrypt:
                broken[number] = Pause("token: it cannot be decrypted with this keyring")
        await pauses.pause(connection, broken)
        return tokens

    def _judge(self, claimed: Sequence[Record], numbers: dict[UUID, Record]) -> _Judged:
        judged = _Judged([], [], [])
        at = now()
        for row in claimed:
            refusal = gates.first_refusal(gate_facts(row, numbers[row["phone_number_id"]]["pause_reason"]), at)
            if refusal is None:
                judged.going.append(row)
            elif refusal.code == "expired":
                continue  # the Expirer ends it
            elif refusal.final:
                judged.failing.append((row, _error(refusal.code or refusal.gate)))
            else:
                judged.waiting.append((row, PAUSED_RECHECK_S, refusal.code or refusal.gate))
        return judged

    async def _apply_pair_rate(self, connection: "Connection", judged: _Judged) -> None:
        going = judged.going
        pairs = [(row["phone_number_id"], row["contact_id"]) for row in going]
        waits = await self._budgets.take_pairs(connection, pairs)
        judged.going = [row for row, wait in zip(going, waits, strict=True) if wait == 0]
        judged.waiting += [(row, wait, "pair_rate") for row, wait in zip(going, waits, strict=True) if wait > 0]

    async def _apply_messaging_limit(
        self, connection: "Connection", judged: _Judged, numbers: dict[UUID, Record]
    ) -> None:
        """Last, since a place is taken for who passes."""
        at = now()
        wanted = [
            Reaching(portfolio, row["contact_id"], row["message_id"])
            for row in judged.going
            if row["recipient_type"] == "individual" and not window.is_open(row["last_inbound_at"], at)
            if (portfolio := numbers[row["phone_number_id"]]["portfolio_id"]) is not None
        ]
        waits = await messaging_limits.reserve(connection, wanted)
        judged.waiting += [
            (row, waits[row["message_id"]], "messaging_limit") for row in judged.going if row["message_id"] in waits
        ]
        judged.going = [row for row in judged.going if row["message_id"] not in waits]

    def _render(
        self, row: Record, numbers: dict[UUID, Record], judged: _Judged, media: media_uploads.MetaIds
    ) -> Rendered | None:
        key, sender = _next_try(row), numbers[row["phone_number_id"]]["phone_number_id"]
        try:
            command = from_stored(msgspec.json.decode(row["content"]), sender=sender, to=row["recipient"])
        except ValidationError:
            judged.failing.append((row, _error("content_unreadable")))
            return None
        opaque_id = self._opaque_ids.make(key.message_id, key.attempt)
        if not row["media"]:
            return render(command, opaque_id=opaque_id)
        return render(command, opaque_id=opaque_id, media=_as_written(command, row["phone_number_id"], media))

    async def _turn_ends(
        self,
        connection: "Connection",
        grants: dict[UUID, Grant],
        numbers: dict[UUID, Record],
        allowed: dict[UUID, int],
        claimed: Sequence[Record],
        gone: set[UUID],
    ) -> list[Spending]:
        leaving = dict.fromkeys(grants, 0)
        found = dict.fromkeys(grants, 0)
        for row in claimed:
            found[row["phone_number_id"]] += 1
            leaving[row["phone_number_id"]] += row["message_id"] in gone
        short = [number for number, most in allowed.items() if found[number] < most]
        later = await rows.next_due(connection, short) if short else {}
        ends = []
        for number, grant in grants.items():
            held_elsewhere = number not in numbers
            more_to_come = found[number] == allowed.get(number)
            next_in_ms = KEEP_TURN if held_elsewhere or more_to_come else later.get(number, LEAVE)
            ends.append(Spending(grant, leaving[number], next_in_ms))
        return ends


async def _find_media(connection: "Connection", judged: _Judged) -> media_uploads.MetaIds:
    """What Meta calls the media of these messages. One that Meta has not got is owed to it, and its messages wait."""
    places = {
        media_uploads.Place(row["workspace_id"], media_id, row["phone_number_id"])
        for row in judged.going
        for media_id in row["media"] or ()
    }
    if not places:
        return {}
    found = await media_uploads.find_or_owe(connection, places)
    going, judged.going = judged.going, []
    for row in going:
        wanted = [(row["phone_number_id"], media_id) for media_id in row["media"] or ()]
        if any(key not in found for key in wanted):
            judged.failing.append((row, _error("unknown_media")))  # deleted since the message was accepted
        elif all(found[key] for key in wanted):
            judged.going.append(row)
        else:
            judged.waiting.append((row, MEDIA_RECHECK_S, "media"))
    return found


def _as_written(command: SendCommand, number_id: UUID, found: media_uploads.MetaIds) -> dict[str, str]:
    """Meta's ids, by our ids as the command has them."""
    ours = {written: own_id(written) for written in own_media(command)}
    metas = {written: found.get((number_id, media_id)) for written, media_id in ours.items() if media_id is not None}
    return {written: meta for written, meta in metas.items() if meta is not None}


async def fail(connection: "Connection", failing: Sequence[tuple[Key | Record, str]]) -> None:
    """Settles messages as failed, with their events. The errors are JSON texts.

    A message of which an earlier try may have reached Meta is held instead: its outcome is unknown, not `failed`.
    """
    settled = await rows.settle_failed(connection, failing, hold_reason=reconciliation.EARLIER_TRY_UNCLEAR)
    await events.append(
        connection,
        [
            held_event(row, reconciliation.EARLIER_TRY_UNCLEAR) if row["failed_at"] is None else _failed_event(row)
            for row in settled
        ],
    )


def held_event(row: Record, reason: str) -> events.NewEvent:
    """Nobody will know by themselves what became of the message; a person or a late status decides."""
    data = {"message_id": row["message_id"], "client_reference": row["client_reference"], "reason": reason}
    return events.NewEvent(row["workspace_id"], "message.held", row["message_id"], data)


def _failed_event(row: Record) -> events.NewEvent:
    data = {
        "message_id": row["message_id"],
        "client_reference": row["client_reference"],
        "at": row["failed_at"],
        "error": msgspec.json.decode(row["error"]),
    }
    return events.NewEvent(row["workspace_id"], "message.failed", row["message_id"], data)


def _next_try(row: Record) -> Key:
    return Key(row["workspace_id"], row["message_id"], row["attempt"] + 1)


def _error(code: str) -> str:
    return msgspec.json.encode({"source": "treeex", "code": code}).decode()
