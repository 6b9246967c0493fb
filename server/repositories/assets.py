"""What Meta decides about templates, numbers and portfolios. Set-wise, inside a transaction of the worker role.

Facts come first: of each side of an asset the last word counts, whatever the order of arrival. Only words that became
the last are then written to the assets' own columns, templates before numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

TemplateKey = tuple[UUID, UUID, str, str]
"""(workspace, account, name, language)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One side of an asset, as Meta told it at some time."""

    workspace_id: UUID
    subject_id: UUID
    kind: str
    value: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template that Meta named, as it is to be made if it is not known."""

    key: TemplateKey
    id: UUID
    meta_id: str | None
    category: str
    status: str


async def learn(connection: "Connection", facts: Sequence[Fact]) -> list[Fact]:
    """Returns those that are the last word now: of each (subject, kind) one at most."""
    if not facts:
        return []
    rows = await connection.fetch(
        load("learn_asset_facts"),
        [fact.workspace_id for fact in facts],
        [fact.subject_id for fact in facts],
        [fact.kind for fact in facts],
        [msgspec.json.encode(fact.value).decode() for fact in facts],
        [fact.at for fact in facts],
    )
    return [
        Fact(row["workspace_id"], row["subject_id"], row["kind"], msgspec.json.decode(row["value"]), row["at"])
        for row in rows
    ]


async def ensure_templates(connection: "Connection", templates: Sequence[TemplateRow]) -> dict[TemplateKey, UUID]:
    """Our ids of them. Waits for a rival that makes the same."""
    if not templates:
        return {}
    ordered = sorted(templates, key=lambda row: row.key)
    rows = await connection.fetch(
        load("ensure_templates"),
        [row.key[0] for row in ordered],
        [row.key[1] for row in ordered],
        [row.key[2] for row in ordered],
        [row.key[3] for row in ordered],
        [row.id for row in ordered],
        [row.meta_id for row in ordered],
        [row.category for row in ordered],
        [row.status for row in ordered],
    )
    return {(row["workspace_id"], row["waba_id"], row["name"], row["language"]): row["id"] for row in rows}


async def change_templates(connection: "Connection", facts: Sequence[Fact]) -> None:
    """status ({status, reason}), quality, category and components of templates."""
    await _change(connection, "change_templates", facts)


async def change_numbers(connection: "Connection", facts: Sequence[Fact]) -> None:
    """throughput, quality and name of numbers."""
    await _change(connection, "change_numbers", facts)


async def change_limits(connection: "Connection", facts: Sequence[Fact]) -> None:
    """limit of portfolios: people, or None for no limit. Locks them: after outbox rows and before messages."""
    await _change(connection, "change_limits", facts)


async def resume(connection: "Connection", numbers: Sequence[UUID], prefix: str) -> list[Record]:
    """workspace_id and id of the numbers that were paused for a reason which begins so, and send again."""
    return await connection.fetch(load("resume_numbers"), list(numbers), prefix)


async def _change(connection: "Connection", statement: str, facts: Sequence[Fact]) -> None:
    if facts:
        await connection.execute(
            load(statement),
            [fact.workspace_id for fact in facts],
            [fact.subject_id for fact in facts],
            [fact.kind for fact in facts],
            [msgspec.json.encode(fact.value).decode() for fact in facts],
        )
