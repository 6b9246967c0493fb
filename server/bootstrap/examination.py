"""`treeex doctor`: opens one thing after the other and has it looked at. What cannot be opened is a finding too."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from server.bootstrap.connections import CannotStart, connect, graph_client, load_keyring, open_storage, valkey_client
from server.core.config import Settings
from server.core.crypto import Keyring, KeyringInvalid
from server.core.db import Database
from server.services import doctor
from server.services.doctor import Finding
from server.whatsapp.assets import Assets

_TIMEOUT_S = 10.0


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Findings as they come, the good ones too. Raises nothing that a broken installation can cause."""
    async with AsyncExitStack() as stack:
        opened: dict[str, Database] = {}
        for setting, name in (("database_url", "database"), ("worker_database_url", "workers' database")):
            try:
                opened[name] = await connect(stack, settings, setting, "treeex doctor")
            except CannotStart as failure:
                yield _cannot(name, failure)
                continue
            async for finding in doctor.database(opened[name], name):
                yield finding
        async for finding in _queue(stack, settings):
            yield finding
        yield await _storage(settings)
        assets = Assets(graph_client(stack, settings, timeout_s=_TIMEOUT_S, connections=4))
        meta = await doctor.meta(assets)
        yield meta
        async for finding in _secrets(settings, opened.get("workers' database"), assets if meta.ok else None):
            yield finding


async def _queue(stack: AsyncExitStack, settings: Settings) -> AsyncIterator[Finding]:
    try:
        client = valkey_client(stack, settings)
    except CannotStart as failure:
        yield _cannot("valkey", failure)
        return
    async for finding in doctor.queue(client):
        yield finding


async def _storage(settings: Settings) -> Finding:
    try:
        return await doctor.storage(open_storage(settings))
    except CannotStart as failure:
        return _cannot("storage", failure)


async def _secrets(settings: Settings, db: Database | None, assets: Assets | None) -> AsyncIterator[Finding]:
    try:
        keys: Keyring = load_keyring(settings)
    except KeyringInvalid as failure:
        yield _cannot("keyring", failure)
        return
    if db is None:
        return
    yield await doctor.keyring(db, keys)
    if assets is not None:
        async for finding in doctor.numbers(db, keys, assets):
            yield finding


def _cannot(name: str, failure: Exception) -> Finding:
    """Our sentences are `what is wrong; how to mend it`."""
    detail, _, mend = str(failure).partition("; ")
    return Finding(name, False, detail, mend or None)
