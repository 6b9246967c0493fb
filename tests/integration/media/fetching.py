"""A workspace whose people send files, a fetcher for them, and a look at what is really kept."""

import base64
import hashlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg

from server.core.config import Settings
from server.core.crypto import parse_keyring
from server.core.db import Database
from server.core.ids import new_id
from server.domain.fetching import KINDS
from server.services.media import Media
from server.services.media_fetches import MediaFetches
from server.storage import open_url
from server.whatsapp.downloads import MediaDownloads, Pace
from server.whatsapp.graph import GraphClient
from tests.integration.conftest import Meta

ANN = "15550100021"
PHOTO = (Path(__file__).parents[3] / "simulator" / "samples" / "photo.jpg").read_bytes()
_PHOTOS = itertools.count(1)


class Inbox:
    """`numbers` are ours, each with Meta's id of it."""

    def __init__(
        self, admin: asyncpg.Connection, meta: Meta, settings: Settings, workspace: UUID, numbers: dict[UUID, str]
    ) -> None:
        self.admin, self.meta, self.settings = admin, meta, settings
        self.workspace, self.numbers = workspace, numbers
        self.session = aiohttp.ClientSession()

    async def control(self, method: str, path: str, body: object = None) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "image/jpeg"} if isinstance(body, bytes) else {}
        url = f"{self.meta.url}/_sim/{path}"
        async with self.session.request(method, url, data=data, headers=headers) as answer:
            told = await answer.json(content_type=None)
            assert answer.status == 200, told
            return told

    async def plan(self, *rules: dict[str, Any]) -> None:
        await self.control("PUT", "faults", list(rules))

    async def owe(self, content: bytes, number: UUID | None = None, **columns: Any) -> UUID:
        """Ann has sent it: its webhook was applied, and the file is to be fetched. The id of the message."""
        number = number or next(iter(self.numbers))
        given = await self.control("POST", f"people/{ANN}/media?to={self.numbers[number]}", content)
        row = {
            "workspace_id": self.workspace,
            "message_id": new_id(),
            "phone_number_id": number,
            "meta_media_id": given["id"],
            "mime_type": "image/jpeg",
            "sha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
            **columns,
        }
        places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
        await self.admin.execute(f"INSERT INTO inbound_media ({', '.join(row)}) VALUES ({places})", *row.values())
        return UUID(str(row["message_id"]))

    async def row(self, message_id: UUID) -> asyncpg.Record:
        return await self.admin.fetchrow("SELECT * FROM inbound_media WHERE message_id = $1", message_id)

    async def due_now(self) -> None:
        """Ends every lease and every pause, as time would."""
        await self.admin.execute("UPDATE inbound_media SET next_at = now() WHERE state = 'due'")

    async def events(self, message_id: UUID) -> list[tuple[str, Any]]:
        rows = await self.admin.fetch("SELECT type, data FROM events WHERE subject_id = $1 ORDER BY id", message_id)
        return [(row["type"], json.loads(row["data"])) for row in rows]

    async def media_of(self, content: bytes) -> list[asyncpg.Record]:
        digest = hashlib.sha256(content).digest()
        return await self.admin.fetch("SELECT * FROM media WHERE sha256 = $1", digest)

    def objects_of(self, content: bytes) -> list[Path]:
        """The files of the store that have these bytes."""
        digest = hashlib.sha256(content).hexdigest()
        return [
            path
            for path in Path(self.storage_url.removeprefix("file://")).rglob("*")
            if path.is_file() and digest in path.name
        ]

    @property
    def storage_url(self) -> str:
        assert self.settings.storage_url is not None
        return self.settings.storage_url.get_secret_value()


class Fetcher:
    """Fetches with a pace and limits of its own; ended by `close`."""

    def __init__(self, inbox: Inbox, db: Database, *, pace: Pace, most: int, storage_url: str, lease_s: float) -> None:
        settings = inbox.settings
        assert settings.keyring_file is not None
        objects = open_url(storage_url)
        self._graph = GraphClient(settings.graph_url, settings.graph_version, timeout_s=60, connections=10)
        self._downloads = MediaDownloads(self._graph, graph_url=settings.graph_url, pace=pace, connections=10)
        self._fetches = MediaFetches(
            db,
            Media(db, objects),
            objects,
            self._downloads,
            parse_keyring(settings.keyring_file.read_text()),
            most=dict.fromkeys(KINDS, most),
            lease_s=lease_s,
        )

    @property
    def step(self) -> Callable[[], Any]:
        return self._fetches.step

    async def close(self) -> None:
        await self._downloads.close()
        await self._graph.close()


def photo() -> bytes:
    """A photo that no other test has."""
    return PHOTO + f"{next(_PHOTOS)}".encode()
