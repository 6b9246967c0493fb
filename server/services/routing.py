"""Whose a webhook's events are: our numbers and accounts by Meta's ids. Called by the effects, once a batch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from server.repositories import webhooks as rows
from server.schemas.events import Change, Event, Place, Told, Unreadable, Unrecognised

if TYPE_CHECKING:
    from asyncpg import Record

    from server.core.db import Connection


@dataclass(frozen=True, slots=True)
class Account:
    """A WhatsApp Business Account of a workspace, its portfolio if known, and its numbers, also by their digits."""

    workspace_id: UUID
    id: UUID
    meta_id: str
    portfolio_id: UUID | None
    numbers: list[UUID] = field(default_factory=list)
    by_digits: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """What an event is about. `number_id` is None when it is about the account as a whole, or about nobody's number."""

    workspace_id: UUID
    account: Account
    number_id: UUID | None

    @property
    def subject_id(self) -> UUID:
        return self.number_id or self.account.id


@dataclass(frozen=True, slots=True)
class Routes:
    """The numbers and accounts that a batch names and that are connected, by Meta's ids."""

    numbers: dict[str, Target]
    accounts: dict[str, Account]

    @property
    def by_id(self) -> dict[UUID | None, Target]:
        """Targets by our ids of numbers."""
        return {target.number_id: target for target in self.numbers.values()}

    def number(self, meta_id: str) -> Target | None:
        return self.numbers.get(meta_id)

    def place(self, place: Place) -> Target | None:
        if place.number is not None:
            return self.numbers.get(place.number)
        account = self.accounts.get(place.account or "")
        if account is None:
            return None
        return Target(account.workspace_id, account, account.by_digits.get(place.display_digits or ""))


async def find(connection: "Connection", changes: Iterable[Change]) -> Routes:
    """One statement. What is not connected is absent."""
    numbers: set[str] = set()
    accounts: set[str] = set()
    for event in _events(changes):
        match event:
            case Unrecognised() | Unreadable():
                continue
            case Told():
                if event.place.number is not None:
                    numbers.add(event.place.number)
                if event.place.account is not None:
                    accounts.add(event.place.account)
            case _:
                numbers.add(event.meta_phone_number_id)
    return _routes(await rows.places(connection, sorted(numbers), sorted(accounts)))


async def of_numbers(connection: "Connection", numbers: Iterable[UUID]) -> Routes:
    """The same, by our ids of numbers."""
    return _routes(await rows.places(connection, [], [], sorted(numbers)))


def _routes(found: "Iterable[Record]") -> Routes:
    accounts: dict[UUID, Account] = {}
    numbers: dict[str, Target] = {}
    for row in found:
        account = accounts.setdefault(
            row["id"], Account(row["workspace_id"], row["id"], row["waba_id"], row["portfolio_id"])
        )
        if row["number_id"] is not None:
            account.numbers.append(row["number_id"])
            account.by_digits[row["digits"]] = row["number_id"]
            numbers[row["phone_number_id"]] = Target(row["workspace_id"], account, row["number_id"])
    return Routes(numbers, {account.meta_id: account for account in accounts.values()})


def _events(changes: Iterable[Change]) -> Iterator[Event]:
    return (event for change in changes for event in change.events)
