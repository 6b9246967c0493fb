"""Rows written past all services, so that a test starts where it wants: workspaces, numbers, people who wrote."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from server.core.ids import new_id
from server.domain.enums import Scope
from server.schemas.outbound import SendText
from server.services.api_keys import Principal

_serial = itertools.count(1)


@dataclass
class Workspace:
    """A workspace with a key, in which more can be seeded. `admin` is the owner's connection."""

    admin: asyncpg.Connection
    id: UUID = field(default_factory=new_id)
    key_id: UUID = field(default_factory=new_id)
    waba: UUID = field(default_factory=new_id)

    @property
    def principal(self) -> Principal:
        return Principal(self.id, self.key_id, "test", frozenset(Scope))

    async def create(self) -> "Workspace":
        await self.admin.execute("INSERT INTO workspaces (id, name, data_key) VALUES ($1, 'Seeded', 'x')", self.id)
        return await self.add_key_and_account()

    async def add_key_and_account(self) -> "Workspace":
        """For a workspace that exists."""
        await self.admin.execute(
            """INSERT INTO api_keys (workspace_id, id, key_id, name, environment, secret_hmac, scopes)
               VALUES ($1, $2, $3, 'Till', 'test', 'x', '{}')""",
            self.id,
            self.key_id,
            self.key_id.hex,
        )
        await self.admin.execute(
            "INSERT INTO wabas (workspace_id, id, waba_id) VALUES ($1, $2, $3)", self.id, self.waba, self.waba.hex
        )
        return self

    async def number(
        self, *, display: str | None = None, meta_id: str | None = None, paused: str | None = None
    ) -> UUID:
        number, serial = new_id(), next(_serial)
        await self.admin.execute(
            """INSERT INTO phone_numbers (workspace_id, id, waba_id, phone_number_id, display_phone_number,
                 verified_name, access_token, pause_reason)
               VALUES ($1, $2, $3, $4, $5, 'Corner shop', 'x', $6)""",
            self.id,
            number,
            self.waba,
            meta_id or f"9{serial:016}",
            display or f"+1 555-01{serial:05}",
            paused,
        )
        return number

    async def person(
        self,
        number: UUID,
        phone: str = "15550101",
        *,
        wrote: timedelta | None = timedelta(minutes=1),
        kinds: tuple[str, ...] = ("wa_id", "phone"),
        name: str | None = "Ada",
        active: datetime | None = None,
    ) -> tuple[UUID, UUID]:
        """A contact and their conversation with the number; they `wrote` so long ago, or never."""
        contact, conversation = new_id(), new_id()
        await self.admin.execute(
            "INSERT INTO contacts (workspace_id, id, name) VALUES ($1, $2, $3)", self.id, contact, name
        )
        for kind in kinds:
            await self.admin.execute(
                """INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)
                   VALUES ($1, $2, $3, $4, 'seed')""",
                self.id,
                kind,
                phone,
                contact,
            )
        await self.admin.execute(
            """INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at,
                 last_message_at)
               VALUES ($1, $2, $3, $4, $5, coalesce($6, now() - interval '1 hour'))""",
            self.id,
            conversation,
            number,
            contact,
            None if wrote is None else datetime.now(UTC) - wrote,
            active,
        )
        return contact, conversation

    async def inbound(self, number: UUID, contact: UUID, conversation: UUID, **columns: Any) -> UUID:
        """A text from the person."""
        message = new_id()
        values = {"type": "text", "content": '{"body": "Hello\\n there"}', "wamid": f"wamid.{message.hex}", **columns}
        await self.admin.execute(
            """INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type,
                 content, wamid, received_at)
               VALUES ($1, $2, 'inbound', $3, $4, $5, $6, $7, $8, now())""",
            self.id,
            message,
            number,
            contact,
            conversation,
            values["type"],
            values["content"],
            values["wamid"],
        )
        return message

    async def count(self, table: str) -> int:
        """Rows of this workspace."""
        return int(await self.admin.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_id = $1", self.id))


def text(sender: object, to: str = "+15550101", *, body: str = "Good morning", **fields: Any) -> SendText:
    """A command."""
    return SendText.model_validate({"from": str(sender), "to": to, "text": {"body": body}, **fields})
