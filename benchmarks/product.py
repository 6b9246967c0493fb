"""A whole installation for a bench: embedded servers, a migrated database, one workspace with numbers and people.

Rows are written past all services, so that a bench starts where it wants, in as many as it wants.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.processes import Running, serving
from server.bootstrap import admin_runtime
from server.core.config import Settings
from server.core.crypto import Keyring, new_keyring, parse_keyring
from server.core.ids import new_id
from server.domain.enums import Scope
from server.embedded import EmbeddedPostgres, EmbeddedValkey, prepare_data_dir
from server.migrations import runner
from server.services.tokens import access_token_place
from server.services.workspaces import open_data_key

ACCESS_TOKEN = "EAAbench0001"  # noqa: S105 - of nobody
_ROLE_LOGIN = "bench"
_BACKLOG = Path(__file__).with_name("backlog.sql").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an open window: contact, conversation, and their phone number in digits."""

    contact: UUID
    conversation: UUID
    phone: str


@dataclass(frozen=True, slots=True)
class Installation:
    """`owner` sees past all walls. `environment` is what a role is started with."""

    folder: Path
    settings: Settings
    owner: asyncpg.Connection
    owner_url: str
    workspace: UUID
    key_id: UUID
    token: str
    keyring: Keyring

    @property
    def environment(self) -> dict[str, str]:
        secrets = ("database_url", "worker_database_url", "valkey_url")
        named = {name: getattr(self.settings, name).get_secret_value() for name in secrets}
        plain = {"config": os.devnull, "keyring_file": self.settings.keyring_file, "graph_url": self.settings.graph_url}
        return {f"TREEEX_{name.upper()}": str(value) for name, value in {**named, **plain}.items()}

    async def number(self, *, throughput_mps: int) -> UUID:
        """A connected number of a speed."""
        number, waba = new_id(), new_id()
        sealed = await self.owner.fetchval("SELECT data_key FROM workspaces WHERE id = $1", self.workspace)
        key = open_data_key(self.keyring, self.workspace, sealed)
        encrypted = key.encrypt(ACCESS_TOKEN.encode(), access_token_place(self.workspace, number))
        await self.owner.execute(
            "INSERT INTO wabas (workspace_id, id, waba_id) VALUES ($1, $2, $3)", self.workspace, waba, str(waba.int)
        )
        await self.owner.execute(
            """INSERT INTO phone_numbers (workspace_id, id, waba_id, phone_number_id, display_phone_number,
                 access_token, throughput_mps)
               VALUES ($1, $2, $3, $4, '+1 555-010-0000', $5, $6)""",
            *(self.workspace, number, waba, str(number.int)[-15:], encrypted, throughput_mps),
        )
        return number

    async def people(self, number: UUID, count: int) -> list[Person]:
        """So many who have just written to the number."""
        first = int(number.int % 10**5) * 10**5
        people = [Person(new_id(), new_id(), f"15{first + place:011}") for place in range(count)]
        columns = (
            [one.contact for one in people],
            [one.conversation for one in people],
            [one.phone for one in people],
        )
        await self.owner.execute(
            "INSERT INTO contacts (workspace_id, id) SELECT $1, unnest($2::uuid[])", self.workspace, columns[0]
        )
        await self.owner.execute(
            """INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)
               SELECT $1, kind, phone, contact, 'bench'
               FROM unnest($2::uuid[], $3::text[]) AS p (contact, phone), unnest(ARRAY['wa_id', 'phone']) AS kind""",
            *(self.workspace, columns[0], columns[2]),
        )
        await self.owner.execute(
            """INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at,
                                          last_message_at)
               SELECT $1, conversation, $2, contact, now(), now()
               FROM unnest($3::uuid[], $4::uuid[]) AS p (contact, conversation)""",
            *(self.workspace, number, columns[0], columns[1]),
        )
        return people

    async def backlog(self, numbers: Sequence[UUID], messages: int, *, lane: int) -> None:
        """So many texts wait, each for somebody else who has just written to one of the numbers."""
        await self.owner.execute(_BACKLOG, self.workspace, messages, list(numbers), lane, timeout=600)

    @asynccontextmanager
    async def role(
        self, *arguments: str, module: str = "benchmarks.role", **settings: object
    ) -> AsyncIterator[Running]:
        """`treeex ARGUMENTS` as a process of its own; `module` may bend it before it runs."""
        more = {f"TREEEX_{name.upper()}": str(value) for name, value in settings.items()}
        async with serving(module, *arguments, environment={**self.environment, **more}) as running:
            yield running


@asynccontextmanager
async def installed(graph_url: str = "http://127.0.0.1:9") -> AsyncIterator[Installation]:
    """Everything is gone afterwards."""
    folder = _new_folder()
    postgres, valkey = EmbeddedPostgres.start(folder), EmbeddedValkey.start(folder)
    try:
        address = postgres.address
        owner = await asyncpg.connect(address.url("postgres"))
        await owner.execute("CREATE DATABASE treeex TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
        await owner.close()
        urls = [address.url("treeex", user=f"treeex_{role}", password=_ROLE_LOGIN) for role in ("api", "worker")]
        await runner.migrate(address.url("treeex"), login_urls=tuple(urls))
        keyring = folder / "keyring.json"
        keyring.write_text(new_keyring())
        settings = Settings.model_validate(
            {
                "database_url": urls[0],
                "worker_database_url": urls[1],
                "valkey_url": valkey.url,
                "keyring_file": keyring,
                "graph_url": graph_url,
            }
        )
        async with admin_runtime(settings) as services:
            workspace = await services.workspaces.create("Bench")
            key = await services.api_keys.create(workspace.id, name="bench", scopes=frozenset(Scope))
        owner = await asyncpg.connect(address.url("treeex"))
        key_id = await owner.fetchval("SELECT id FROM api_keys WHERE workspace_id = $1", workspace.id)
        yield Installation(
            folder=folder,
            settings=settings,
            owner=owner,
            owner_url=address.url("treeex"),
            workspace=workspace.id,
            key_id=key_id,
            token=key.token,
            keyring=parse_keyring(keyring.read_text()),
        )
        await owner.close()
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tx-"))
    folder.chmod(0o711)  # the servers run as another account where this one is root
    prepare_data_dir(folder)
    return folder


async def analyse(owner: asyncpg.Connection, tables: Sequence[str]) -> None:
    """As autovacuum would have done by now."""
    for table in tables:
        await owner.execute(f"VACUUM ANALYZE {table}")
