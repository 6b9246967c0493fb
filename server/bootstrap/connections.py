"""Opens what the settings name, and says in one sentence what cannot be opened. Called by the runtimes."""

from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from server.core import valkey
from server.core.config import Settings
from server.core.crypto import Keyring, KeyringInvalid, parse_keyring
from server.core.db import UNREACHABLE, Database, Limits
from server.core.valkey import Valkey
from server.embedded import default_data_dir
from server.storage import Objects, StorageUrlInvalid, open_url
from server.whatsapp.graph import GraphClient
from server.whatsapp.media import MediaClient

KEYRING_NAME = "keyring.json"
MEDIA_FOLDER = "media"
_WORKER_PATIENCE = 6


class CannotStart(Exception):
    """Something that this process needs is missing or wrong; one sentence, with its mend."""


class CannotReach(CannotStart):
    """A server is named, but it does not answer."""


class NotConfigured(CannotStart):
    """No servers are named, and none of `treeex up` were found."""


async def connect(stack: AsyncExitStack, settings: Settings, name: str, application: str) -> Database:
    """`name` is the setting: database_url or worker_database_url. Raises CannotStart."""
    url, variable = url_of(settings, name)
    try:
        database = await Database.connect(url, _limits(settings, name), application)
    except asyncpg.PostgresError as error:
        raise CannotReach(f"PostgreSQL refuses {variable}: {error}; correct it, or mend the server") from None
    except (asyncpg.InterfaceError, ValueError):
        raise CannotStart(f"{variable} is not like postgresql://user:password@host/database; correct it") from None
    except UNREACHABLE as error:
        kind = type(error).__name__
        raise CannotReach(f"PostgreSQL does not answer at {variable} ({kind}); check address and server") from None
    stack.push_async_callback(database.close)
    return database


def url_of(settings: Settings, name: str) -> tuple[str, str]:
    """The URL in a setting, and the variable that sets it. Raises NotConfigured."""
    url: SecretStr | None = getattr(settings, name)
    variable = f"TREEEX_{name.upper()}"
    if url is None:
        raise NotConfigured(f"no database is known; start `treeex up`, or set {variable}")
    return url.get_secret_value(), variable


def valkey_client(stack: AsyncExitStack, settings: Settings) -> Valkey:
    """Nothing is connected yet: everything copes with an absent Valkey. Raises CannotStart."""
    if settings.valkey_url is None:
        raise NotConfigured("no Valkey is known; start `treeex up`, or set TREEEX_VALKEY_URL")
    try:
        client = valkey.connect(settings.valkey_url.get_secret_value())
    except ValueError:
        raise CannotStart("TREEEX_VALKEY_URL is not like redis://host:6379 or unix:///path; correct it") from None
    stack.push_async_callback(client.aclose)
    return client


def graph_client(stack: AsyncExitStack, settings: Settings, *, timeout_s: float, connections: int) -> GraphClient:
    """Needs the running loop."""
    client = GraphClient(settings.graph_url, settings.graph_version, timeout_s=timeout_s, connections=connections)
    stack.push_async_callback(client.close)
    return client


def media_client(stack: AsyncExitStack, settings: Settings, *, timeout_s: float, connections: int) -> MediaClient:
    """Needs the running loop."""
    client = MediaClient(settings.graph_url, settings.graph_version, timeout_s=timeout_s, connections=connections)
    stack.push_async_callback(client.close)
    return client


def open_storage(settings: Settings) -> Objects:
    """The store for files. Nothing is connected yet. Raises CannotStart."""
    if settings.storage_url is None:
        return open_url((data_dir(settings) / MEDIA_FOLDER).absolute().as_uri())
    try:
        return open_url(settings.storage_url.get_secret_value())
    except StorageUrlInvalid as invalid:
        raise CannotStart(
            f"TREEEX_STORAGE_URL names no store: {invalid}; write file:///folder, s3://bucket or az://container"
        ) from None


def load_keyring(settings: Settings) -> Keyring:
    """From the setting, else from the file, else from the data directory. Raises KeyringInvalid."""
    if settings.keyring is not None:
        return parse_keyring(settings.keyring.get_secret_value())
    path = settings.keyring_file or data_dir(settings) / KEYRING_NAME
    try:
        return parse_keyring(path.read_text("utf-8"))
    except FileNotFoundError:
        raise KeyringInvalid(
            f"there is no keyring at {path}; name yours in TREEEX_KEYRING_FILE, or make one with `treeex keyring`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyringInvalid(f"the keyring {path} cannot be read ({type(error).__name__}); correct its file") from None


def data_dir(settings: Settings) -> Path:
    """Where the embedded servers live."""
    return settings.data_dir or default_data_dir()


def _limits(settings: Settings, name: str) -> Limits:
    patience = 1 if name == "database_url" else _WORKER_PATIENCE
    return Limits(
        statement_ms=settings.statement_timeout_ms * patience,
        idle_in_transaction_ms=settings.idle_in_transaction_timeout_ms * patience,
        lock_ms=settings.statement_timeout_ms * patience // 2,
        pool_size=settings.pool_size,
    )
