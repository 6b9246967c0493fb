"""Files on their way: stored here, given to Meta once a number, sent by Meta's id. With the simulator as Meta."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from server.bootstrap import worker_runtime
from server.core import failpoints
from server.core.ids import new_id
from server.domain.enums import Scope
from server.domain.errors import Refused
from server.schemas.outbound import COMMAND
from server.services.api_keys import Principal
from server.workers.loop import Stopping
from simulator.state import Person
from tests.integration.conftest import META_APP_ID, META_TOKEN, NUMBER_IDS

SAMPLES = Path(__file__).parents[3] / "simulator" / "samples"
PHOTO = (SAMPLES / "photo.jpg").read_bytes()
DEADLINE_S = 60


class Shop:
    """A workspace with a number, and what a test asks of it."""

    def __init__(self, services, admin, meta, settings, principal: Principal, number_id: UUID) -> None:
        self.services, self.admin, self.meta, self.settings = services, admin, meta, settings
        self.principal, self.number_id = principal, number_id

    async def upload(self, content: bytes = PHOTO, *, name: str | None = None) -> str:
        medium, _ = await self.services.media.add(
            self.principal.workspace_id, content_type="image/jpeg", filename=name, pieces=pieces(content)
        )
        return str(medium.id)

    async def accept(self, *contents: dict[str, Any], to: str | None = None) -> list[Any]:
        to = to or f"+{self.person()}"
        commands = [COMMAND.validate_python({"from": NUMBER_IDS[0], "to": to, **content}) for content in contents]
        return list((await self.services.messages.accept(self.principal, commands)).results)

    def person(self) -> str:
        phone = f"1202555{new_id().int % 10_000:04}"
        self.meta.world.store.put(Person(phone, "Ann"))
        return phone

    async def row(self, message_id: UUID) -> Any:
        return await self.admin.fetchrow("SELECT * FROM outbox WHERE message_id = $1", message_id)

    async def facts(self, message_id: UUID) -> Any:
        return await self.admin.fetchrow("SELECT * FROM messages WHERE id = $1", message_id)

    async def until(self, condition: Callable[[], Awaitable[Any]]) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not await condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            unsettled = await self.admin.fetch("SELECT state, wait_reason, due_at - now() AS due FROM outbox")
            owed = await self.admin.fetch("SELECT meta_media_id, due_at - now() AS due, failures FROM media_uploads")
            paused = await self.admin.fetch("SELECT pause_reason FROM phone_numbers")
            pytest.fail(f"it never came to that: {unsettled}, {owed}, {paused}")

    async def settled(self, *message_ids: UUID) -> None:
        async def are() -> bool:
            return all([await self.row(message_id) is None for message_id in message_ids])

        await self.until(are)

    async def waits(self, message_id: UUID) -> None:
        async def does() -> bool:
            row = await self.row(message_id)
            return row is not None and row["wait_reason"] == "media"

        await self.until(does)

    def uploads(self, digest: str) -> list[dict[str, Any]]:
        """What the simulator has written down of files with these bytes."""
        return [entry for entry in self.ledger("media") if entry["event"] == "upload" and entry["sha256"] == digest]

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        lines, _ = self.meta.world.ledger.page(0, 100_000)
        return [entry for entry in map(msgspec.json.decode, lines) if entry["kind"] == kind]

    @asynccontextmanager
    async def working(self, *roles: str) -> AsyncIterator[None]:
        stopping = Stopping()
        async with AsyncExitStack() as stack:
            actors = [
                actor
                for role in roles
                for actor in (await stack.enter_async_context(worker_runtime(self.settings, role))).actors
            ]
            tasks = [asyncio.create_task(actor(stopping)) for actor in actors]
            try:
                yield
            finally:
                stopping.set()
                await asyncio.gather(*tasks)


def image(media_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "image", "image": {"id": media_id, **fields}}


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def photo(mark: str) -> bytes:
    """A photo that no other test sends."""
    return PHOTO + mark.encode()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(services, admin, meta, module_settings) -> Shop:
    store = meta.world.store
    store.settings = msgspec.structs.replace(store.settings, closed_window="allow")
    store.put(msgspec.structs.replace(store.apps[META_APP_ID], requires_proof=True))
    await services.apps.create(slug="shop", app_secret="app-secret", verify_token="v", meta_app_id=META_APP_ID)
    workspace = await services.workspaces.create("Shop")
    number = await services.phone_numbers.connect(workspace.id, phone_number_id=NUMBER_IDS[0], access_token=META_TOKEN)
    key = await services.api_keys.create(workspace.id, name="all", scopes=frozenset(Scope))
    principal = await services.api_keys.authenticate(key.token)
    return Shop(services, admin, meta, module_settings, principal, number.id)


@pytest.fixture
async def recipient(shop, admin) -> str:
    """Somebody who wrote to the number just now."""
    return await customer(shop, admin)


async def customer(shop: Shop, admin: Any) -> str:
    phone, contact = shop.person(), new_id()
    workspace = shop.principal.workspace_id
    await admin.execute("INSERT INTO contacts (workspace_id, id) VALUES ($1, $2)", workspace, contact)
    await admin.execute(
        """INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)
           VALUES ($1, 'wa_id', $2, $3, 'test')""",
        workspace,
        phone,
        contact,
    )
    await admin.execute(
        """INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at, last_message_at)
           VALUES ($1, $2, $3, $4, now(), now())""",
        workspace,
        new_id(),
        shop.number_id,
        contact,
    )
    return f"+{phone}"


async def test_two_messages_send_a_file_that_meta_gets_once(shop, admin, recipient) -> None:
    content = photo("twice")
    media_id = await shop.upload(content)
    async with shop.working("outbound", "media"):
        first, second = await shop.accept(image(media_id, caption="One"), image(media_id.upper()), to=recipient)
        await shop.settled(first.id, second.id)
    [upload] = shop.uploads(hashlib.sha256(content).hexdigest())
    assert (upload["size"], upload["mime_type"]) == (len(content), "image/jpeg")
    for message in (first, second):
        facts = await shop.facts(message.id)
        assert facts["accepted_at"] is not None
        wamid = await admin.fetchval("SELECT wamid FROM wamids WHERE message_id = $1", message.id)
        sent = shop.meta.world.conversations.find(wamid)
        assert sent.content["image"]["id"] == upload["media_id"]
        assert msgspec.json.decode(facts["content"])["image"]["id"].lower() == media_id


async def test_what_was_owed_when_the_worker_ended_is_uploaded_by_the_next(shop, recipient) -> None:
    content = photo("owed")
    [message] = await shop.accept(image(await shop.upload(content)), to=recipient)
    async with shop.working("outbound"):
        await shop.waits(message.id)
    assert shop.uploads(hashlib.sha256(content).hexdigest()) == []
    async with shop.working("media"):

        async def is_due() -> bool:
            return (await shop.row(message.id))["wait_reason"] is None

        await shop.until(is_due)
    async with shop.working("outbound"):
        await shop.settled(message.id)
    assert len(shop.uploads(hashlib.sha256(content).hexdigest())) == 1
    assert (await shop.facts(message.id))["accepted_at"] is not None


@pytest.mark.proves("G8")
@pytest.mark.parametrize(
    "point",
    [
        pytest.param("mw.leased", marks=pytest.mark.proves("K31")),
        pytest.param("mw.uploaded", marks=pytest.mark.proves("K32")),
        pytest.param("mw.id_committed", marks=pytest.mark.proves("K33")),
    ],
)
async def test_an_uploader_that_stops_half_way_holds_nothing_up_for_ever(shop, admin, recipient, point) -> None:
    content = photo(point)
    media_id = await shop.upload(content)
    async with shop.working("outbound", "media", "maintenance"):
        failpoints.activate(f"{point}=raise", environment="development")
        try:
            [message] = await shop.accept(image(media_id), to=recipient)

            async def was_passed() -> bool:
                return failpoints._active[point].left <= 0

            await shop.until(was_passed)
        finally:
            failpoints.activate("", environment="development")
        # What ends by itself after minutes: the lease of the upload, and the time after which a message looks again.
        await admin.execute("UPDATE media_uploads SET due_at = now() WHERE meta_media_id IS NULL")

        async def is_settled() -> bool:
            await admin.execute("UPDATE outbox SET due_at = now() WHERE state = 'queued' AND due_at > now()")
            return await shop.row(message.id) is None

        await shop.until(is_settled)
    assert (await shop.facts(message.id))["accepted_at"] is not None
    assert len(shop.uploads(hashlib.sha256(content).hexdigest())) == (2 if point == "mw.uploaded" else 1)


async def test_a_file_that_meta_refuses_fails_its_messages_with_metas_words(shop, admin, recipient) -> None:
    media_id = await shop.upload(photo("refused"))
    await admin.execute("UPDATE media SET mime_type = 'image/gif' WHERE id = $1", UUID(media_id))
    async with shop.working("outbound", "media"):
        refused, after = await shop.accept(
            image(media_id), {"type": "text", "text": {"body": "And this"}}, to=recipient
        )
        await shop.settled(refused.id, after.id)
    facts = await shop.facts(refused.id)
    error = msgspec.json.decode(facts["error"])
    assert facts["failed_at"] is not None
    assert (error["source"], error["code"]) == ("meta", 100)
    assert await admin.fetchval(
        "SELECT count(*) FROM events WHERE subject_id = $1 AND type = 'message.failed'", refused.id
    )
    assert (await shop.facts(after.id))["accepted_at"] is not None
    assert await admin.fetchval("SELECT count(*) FROM media_uploads WHERE media_id = $1", UUID(media_id)) == 0


async def test_a_file_that_the_store_has_lost_fails_its_messages(shop, admin, recipient) -> None:
    media_id = await shop.upload(photo("lost"))
    await admin.execute("UPDATE media SET storage_key = 'media/gone' WHERE id = $1", UUID(media_id))
    async with shop.working("outbound", "media"):
        [message] = await shop.accept(image(media_id), to=recipient)
        await shop.settled(message.id)
    assert msgspec.json.decode((await shop.facts(message.id))["error"]) == {"source": "treeex", "code": "media_lost"}


async def test_an_id_that_is_too_old_is_uploaded_anew(shop, admin, recipient) -> None:
    content = photo("old")
    media_id = await shop.upload(content)
    async with shop.working("outbound", "media"):
        [first] = await shop.accept(image(media_id), to=recipient)
        await shop.settled(first.id)
        left = await admin.fetchval("SELECT expires_at - now() FROM media_uploads WHERE media_id = $1", UUID(media_id))
        assert 28 <= left.days < 29
        await admin.execute("UPDATE media_uploads SET expires_at = now() WHERE media_id = $1", UUID(media_id))
        [second] = await shop.accept(image(media_id), to=recipient)
        await shop.settled(second.id)
    assert len(shop.uploads(hashlib.sha256(content).hexdigest())) == 2
    assert (await shop.facts(second.id))["accepted_at"] is not None


async def test_messages_of_a_pair_keep_their_order_while_the_file_goes_up(shop, recipient) -> None:
    media_id = await shop.upload(photo("order"))
    first, second = await shop.accept(image(media_id), {"type": "text", "text": {"body": "Then"}}, to=recipient)
    async with shop.working("outbound"):
        await shop.waits(first.id)
        assert (await shop.row(second.id))["state"] == "queued"
        async with shop.working("media"):
            await shop.settled(first.id, second.id)
    assert (await shop.facts(first.id))["accepted_at"] < (await shop.facts(second.id))["accepted_at"]


async def test_an_upload_that_fails_again_and_again_lets_the_others_of_its_pair_go(shop, admin, recipient) -> None:
    media_id = await shop.upload(photo("stuck"))
    first, second = await shop.accept(image(media_id), {"type": "text", "text": {"body": "Then"}}, to=recipient)
    async with shop.working("outbound"):
        await shop.waits(first.id)
        await admin.execute("UPDATE media_uploads SET failures = 3 WHERE media_id = $1", UUID(media_id))
        async with shop.working("maintenance"):  # its Sweeper rings the number
            await shop.settled(second.id)
    assert (await shop.row(first.id))["wait_reason"] == "media"
    assert (await shop.facts(second.id))["accepted_at"] is not None


async def test_a_medium_that_does_not_exist_is_refused_at_the_door(shop, services, recipient) -> None:
    other = await services.workspaces.create("Other")
    theirs, _ = await services.media.add(other.id, content_type="image/jpeg", filename=None, pieces=pieces(PHOTO))
    for media_id in (str(new_id()), str(theirs.id)):
        [refused] = await shop.accept(image(media_id), to=recipient)
        assert refused.code == "unknown_media"
        assert [(entry.path, entry.code) for entry in refused.errors] == [("image.id", "no_such_medium")]
    header = {"type": "header", "parameters": [{"type": "image", "image": {"id": str(theirs.id)}}]}
    template = {"name": "sale", "language": {"code": "en"}, "components": [header]}
    [refused] = await shop.accept({"type": "template", "template": template}, to=recipient)
    assert [entry.path for entry in refused.errors] == ["template.components.0.parameters.0.image.id"]
    explained = await services.explanations.explain(
        shop.principal, COMMAND.validate_python({"from": NUMBER_IDS[0], "to": recipient, **image(str(theirs.id))})
    )
    assert not explained.would_accept


async def test_metas_own_ids_pass_as_they_are(shop, recipient) -> None:
    [accepted] = await shop.accept(image("1234567890123456"), to=recipient)
    assert (await shop.row(accepted.id))["media"] is None


async def test_a_medium_that_is_deleted_takes_the_messages_that_need_it_along(shop, recipient) -> None:
    media_id = await shop.upload(photo("deleted"))
    [message] = await shop.accept(image(media_id), to=recipient)
    await shop.services.media.delete(shop.principal.workspace_id, UUID(media_id))
    async with shop.working("outbound"):
        await shop.settled(message.id)
    assert msgspec.json.decode((await shop.facts(message.id))["error"])["code"] == "unknown_media"


async def test_the_same_file_is_one_medium_and_its_object_goes_with_the_last(shop, services) -> None:
    workspace_id, content = shop.principal.workspace_id, photo("same")
    first, again, named = [await shop.upload(content, name=name) for name in (None, None, "holiday.jpg")]
    assert first == again != named
    await services.media.delete(workspace_id, UUID(first))
    found = await services.media.content(workspace_id, UUID(named))
    assert b"".join([piece async for piece in found.pieces]) == content
    await services.media.delete(workspace_id, UUID(named))
    assert not await services.media._objects.holds(media_key(workspace_id, content))
    with pytest.raises(Refused, match="no such thing"):
        await services.media.get(workspace_id, UUID(named))


def media_key(workspace_id: UUID, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"media/{workspace_id}/{digest[:2]}/{digest}"
