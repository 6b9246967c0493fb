"""`queue:outbound`: which numbers may be served now, and how much each may send.

Accepting a message rings its number; an outbound worker leases turns, and spends budgets when its messages are about
to leave. The queue holds numbers, never messages, so losing it loses nothing. All times are of the server's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any
from uuid import UUID

from server.core import telemetry
from server.core.log import get_logger
from server.core.valkey import UNREACHABLE, Valkey
from server.domain import pair_rate
from server.domain.budget import BURST_S, FOR_INBOUND, INBOUND_WAIT_S, RECOVERY_S, SMALLEST_SHARE
from server.domain.pair_rate import Debt
from server.queue import keys

log = get_logger(__name__)

LEAVE = -1
KEEP_TURN = -2
TURN_S = 0.5
"""How long a turn may take before its number is served to somebody else: its worker has died, or is slow."""
_RECOVERY_US = int(RECOVERY_S * 1_000_000)
_BURST_US = int(BURST_S * 1_000_000)
_QUEUE_KEYS = (keys.OUTBOUND, keys.OUTBOUND_GENERATIONS, keys.OUTBOUND_RATES)
_BUDGET_KEYS = (*_QUEUE_KEYS, keys.OUTBOUND_ARRIVALS, keys.OUTBOUND_SLOWNESS, keys.OUTBOUND_TURNS)


@dataclass(frozen=True, slots=True)
class Ring:
    """A number that has something to send, now or in `in_ms`. `rate_mps`: see `domain.budget.rate`."""

    number_id: UUID
    rate_mps: float
    in_ms: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """A turn of a number: it might send `messages` now. `generation` tells whether it was rung since."""

    number_id: UUID
    generation: int
    messages: int
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The turns granted, and how long until another number is due (None: none waits)."""

    grants: tuple[Grant, ...]
    next_in_s: float | None


@dataclass(frozen=True, slots=True)
class Spending:
    """The end of a turn: so many are to leave. `next_in_ms`: when the number's next row is due, LEAVE, or KEEP_TURN."""

    grant: Grant
    messages: int
    next_in_ms: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Meta has refused a number: it rests for `rest_s`.

    Where it sends too much, `spent_ago_s` tells how long ago the refused message got its budget; its rate halves,
    unless it has been halved since. None keeps the rate.
    """

    number_id: UUID
    rest_s: float
    spent_ago_s: float | None = None


class OutboundQueue:
    """The verbs of the queue. Only `ring` swallows an absent server; the worker has a way to go on without one."""

    def __init__(self, client: Valkey) -> None:
        self._client = client

    async def ring(self, rings: Sequence[Ring]) -> bool:
        """Tells the workers. False when Valkey is away: the sweeper rings later."""
        if not rings:
            return True
        arguments = [part for ring in rings for part in (ring.number_id.bytes, ring.rate_mps, ring.in_ms)]
        try:
            await self._ring(keys=_QUEUE_KEYS, args=arguments)
        except UNREACHABLE as failure:
            telemetry.queue_errors.labels("outbound").inc()
            log.warning("ring_failed", error=type(failure).__name__)
            return False
        return True

    async def lease(self, *, numbers: int, messages: int) -> Lease:
        """Up to `messages` messages of up to `numbers` due numbers. Raises one of core.valkey.UNREACHABLE."""
        arguments = [_BURST_US, _RECOVERY_US, numbers, messages, _us(TURN_S)]
        answer = await self._lease(keys=_BUDGET_KEYS, args=arguments)
        next_us = int(answer[-1])
        parts = answer[:-1]
        grants = tuple(
            Grant(UUID(bytes=number), int(generation), int(messages), int(turn))
            for number, generation, turn, messages in zip(*(parts[place::4] for place in range(4)), strict=True)
        )
        return Lease(grants, None if next_us < 0 else next_us / 1_000_000)

    async def spend(self, spendings: Sequence[Spending]) -> list[int]:
        """Ends turns, each of another number; how many messages of each may leave.

        Raises one of core.valkey.UNREACHABLE; then none may.
        """
        if not spendings:
            return []
        arguments: list[Any] = [_BURST_US, _RECOVERY_US]
        for item in spendings:
            grant = item.grant
            arguments += (grant.number_id.bytes, grant.generation, grant.turn, item.messages, item.next_in_ms)
        return list(await self._spend(keys=_BUDGET_KEYS, args=arguments))

    async def slow_down(self, refusals: Sequence[Refusal]) -> set[UUID]:
        """Lets numbers rest and halves their rates, each number once; which were halved.

        Raises one of core.valkey.UNREACHABLE.
        """
        arguments: list[Any] = [SMALLEST_SHARE, _RECOVERY_US]
        for refusal in refusals:
            ago_s = refusal.spent_ago_s
            arguments += (
                refusal.number_id.bytes,
                int(refusal.rest_s * 1_000_000),
                -1 if ago_s is None else int(ago_s * 1_000_000),
            )
        halved = await self._slow_down(keys=[keys.OUTBOUND_SLOWNESS], args=arguments)
        return {UUID(bytes=number) for number in halved}

    async def came_in(self, messages: Mapping[UUID, int]) -> None:
        """How many messages people have just written to each number: its budget pays for them.

        Raises one of core.valkey.UNREACHABLE.
        """
        arguments: list[Any] = [_BURST_US, _RECOVERY_US, FOR_INBOUND, _us(INBOUND_WAIT_S)]
        for number, count in messages.items():
            arguments += (number.bytes, count)
        await self._came_in(keys=_BUDGET_KEYS, args=arguments)

    async def take_pairs(
        self, pairs: Sequence[tuple[UUID, UUID]], debts: Sequence[Debt | None] | None = None
    ) -> list[float | None]:
        """Charges each (number, contact) pair one message; the seconds to wait where it may not go yet, else 0.

        Each pair is named once. None where that is not known here, after a loss or an outage: such a pair is to be
        asked for again with its debt, in seconds from now. Raises one of core.valkey.UNREACHABLE.
        """
        if not pairs:
            return []
        names = [keys.PAIR_PREFIX + number.hex + contact.hex for number, contact in pairs]
        rule = [_us(pair_rate.INTERVAL_S), pair_rate.BURST, _us(pair_rate.MARGIN_S), _us(pair_rate.MEMORY_S) // 1000]
        told = [] if debts is None else [part for debt in debts for part in _told(debt)]
        waits = await self._take_pairs(keys=[keys.PAIRS_SINCE, *names], args=[*rule, *told])
        return [None if wait < 0 else wait / 1_000_000 for wait in waits]

    async def answers(self) -> bool:
        """Whether Valkey is there again and takes writes. What it knows of pairs is out of date then."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(keys.OUTBOUND_PROBE, b"1", px=1000)
        pipeline.delete(keys.PAIRS_SINCE)
        try:
            await pipeline.execute()
        except UNREACHABLE:
            return False
        return True

    @cached_property
    def _ring(self) -> Any:
        return self._script("ring")

    @cached_property
    def _lease(self) -> Any:
        return self._script("number", "lease")

    @cached_property
    def _spend(self) -> Any:
        return self._script("number", "spend")

    @cached_property
    def _slow_down(self) -> Any:
        return self._script("slow_down")

    @cached_property
    def _came_in(self) -> Any:
        return self._script("number", "came_in")

    @cached_property
    def _take_pairs(self) -> Any:
        return self._script("take_pairs")

    def _script(self, *names: str) -> Any:
        folder = files("server.queue").joinpath("scripts")
        return self._client.register_script(
            "".join(folder.joinpath(f"{name}.lua").read_text("utf-8") for name in names)
        )


def _told(debt: Debt | None) -> tuple[int, int]:
    """How long ago it began, and how soon it is paid (below zero: how long ago it was), in microseconds."""
    return (0, -_us(pair_rate.MEMORY_S)) if debt is None else (max(0, -_us(debt.since)), _us(debt.until))


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
