"""Looks at everything that has to be right, and says what is wrong and how to mend it. Called by `treeex doctor`.

Each question stands alone; what it needs is opened by `server.bootstrap.examination`.
"""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from server.core import valkey
from server.core.crypto import CannotDecrypt, DataKey, Keyring
from server.core.db import Database
from server.core.ids import new_id
from server.core.valkey import Valkey
from server.migrations import runner
from server.repositories import catalogue
from server.services.tokens import Tokens, data_key_place
from server.storage import ObjectMissing, Objects, StorageAway
from server.whatsapp.assets import Assets, AssetsRefused, AssetsUnreachable

if TYPE_CHECKING:
    from asyncpg import Record

OLDEST_POSTGRES = 16
OLDEST_VALKEY = 7
_KEYS_TRIED = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what was found. `mend` is set when it is not well."""

    name: str
    ok: bool
    detail: str
    mend: str | None = None


async def database(db: Database, name: str) -> AsyncIterator[Finding]:
    """Version, durability, role, protection and schema, as one of our two roles sees them."""
    async with db.hot() as connection:
        number = await catalogue.version(connection)
        durable = await catalogue.fsync(connection)
        role = await catalogue.role(connection)
        unprotected = await catalogue.unprotected_tables(connection)
    yield _version(name, number)
    if not durable:
        yield Finding(name, False, "PostgreSQL runs with fsync off", "turn fsync on: without it a commit can be lost")
    yield _role(name, role)
    if unprotected:
        detail = f"row-level security is not forced on {', '.join(unprotected)}"
        yield Finding(name, False, detail, "run `treeex migrate`, or force it again on these tables")
    yield await _schema(db, name)


def _version(name: str, number: int) -> Finding:
    major, minor = divmod(number, 10_000)
    if major < OLDEST_POSTGRES:
        mend = f"use PostgreSQL {OLDEST_POSTGRES} or later"
        return Finding(name, False, f"PostgreSQL {major}.{minor} is too old", mend)
    return Finding(name, True, f"PostgreSQL {major}.{minor} answers")


def _role(name: str, role: catalogue.Role) -> Finding:
    faults = [
        fault
        for is_so, fault in (
            (role.superuser, "is a superuser"),
            (role.bypasses_rls, "bypasses row-level security"),
            (role.owned_tables > 0, "owns tables or belongs to their owner"),
        )
        if is_so
    ]
    if faults:
        mend = "connect as a plain user that `treeex migrate` let in"
        return Finding(name, False, f"the role {role.name} {' and '.join(faults)}", mend)
    return Finding(name, True, f"the role {role.name} owns and bypasses nothing")


async def _schema(db: Database, name: str) -> Finding:
    try:
        await runner.check(db.pool)
    except runner.SchemaBehind as behind:
        return Finding(name, False, str(behind), "run `treeex migrate`")
    return Finding(name, True, f"the schema is at {runner.head()}")


async def queue(client: Valkey) -> AsyncIterator[Finding]:
    """Version and eviction. Persistence does not matter: what is in Valkey may be lost."""
    try:
        version = await valkey.server_version(client)
        memory = await client.info("memory")
    except valkey.UNREACHABLE as error:
        mend = "start it, or correct TREEEX_VALKEY_URL; until then all work goes on slower"
        yield Finding("valkey", False, f"Valkey does not answer ({type(error).__name__})", mend)
        return
    if int(version.split()[1].partition(".")[0]) < OLDEST_VALKEY:
        yield Finding("valkey", False, f"{version} is too old", f"use Valkey, or Redis {OLDEST_VALKEY} or later")
    else:
        yield Finding("valkey", True, f"{version} answers")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield Finding("valkey", False, f"it evicts keys ({policy})", "set maxmemory-policy to noeviction")


async def storage(objects: Objects) -> Finding:
    """Whether a file can be kept, read and deleted again."""
    key, sentence = f"doctor/{new_id()}", b"a file of treeex doctor, to be deleted"
    mend = "check TREEEX_STORAGE_URL, the credentials in the cloud's own variables, and what they may do there"
    try:
        await objects.put(key, io.BytesIO(sentence))
        read = b"".join([piece async for piece in await objects.open(key)])
        await objects.delete(key)
    except (StorageAway, ObjectMissing) as failure:
        return Finding("storage", False, f"a file cannot be kept, read and deleted ({_reason(failure)})", mend)
    if read != sentence:
        return Finding("storage", False, "a file was read that is not what was written", mend)
    return Finding("storage", True, "a file was kept, read and deleted")


def _reason(failure: Exception) -> str:
    return str(failure) or "it is gone at once"


async def keyring(db: Database, keys: Keyring) -> Finding:
    """Whether the keyring is the one that the data was sealed with. `db` sees all workspaces."""
    async with db.hot() as connection:
        sealed = await catalogue.sealed_data_keys(connection, _KEYS_TRIED)
    closed = [str(workspace_id) for workspace_id, key in sealed if not _opens(keys, workspace_id, key)]
    if closed:
        mend = "use the keyring that these workspaces were made with"
        return Finding("keyring", False, f"it does not open the data key of {', '.join(closed[:5])}", mend)
    return Finding("keyring", True, f"it opens the data keys of {len(sealed)} workspaces")


def _opens(keys: Keyring, workspace_id: UUID, sealed: bytes) -> bool:
    try:
        DataKey(keys.open(sealed, data_key_place(workspace_id)))
    except CannotDecrypt:
        return False
    return True


async def meta(assets: Assets) -> Finding:
    """Whether the Graph API answers at all."""
    try:
        await assets.reach()
    except AssetsUnreachable as failure:
        mend = "check the way to it (DNS, proxy, firewall) and TREEEX_GRAPH_URL"
        return Finding("meta", False, f"Meta's Graph API does not answer ({failure})", mend)
    return Finding("meta", True, "Meta's Graph API answers")


async def numbers(db: Database, keys: Keyring, assets: Assets) -> AsyncIterator[Finding]:
    """Whether every number's token is still good. `db` sees all workspaces."""
    async with db.hot() as connection:
        sealed = await catalogue.sealed_tokens(connection)
    tokens = Tokens(keys)
    for number in sealed:
        yield await _number(number, tokens, assets)


async def _number(number: "Record", tokens: Tokens, assets: Assets) -> Finding:
    name = f"number {number['display_phone_number']}"
    try:
        token = tokens.open(number, number["workspace_id"], number["number_id"])
        await assets.number(token, number["phone_number_id"])
    except CannotDecrypt:
        return Finding(name, False, "its token cannot be opened", "use the right keyring, or connect it again")
    except AssetsRefused as refusal:
        return Finding(name, False, f"Meta refuses its token: {refusal}", "`treeex number connect` with a new token")
    except AssetsUnreachable as failure:
        return Finding(name, False, f"Meta did not answer for it ({failure})", "try again")
    return Finding(name, True, "Meta takes its token")
