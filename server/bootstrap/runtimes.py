"""What each role is made of."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.bootstrap.connections import (
    CannotReach,
    CannotStart,
    connect,
    graph_client,
    load_keyring,
    media_client,
    open_storage,
    url_of,
    valkey_client,
)
from server.core import failpoints
from server.core.config import Settings, SettingsInvalid
from server.core.db import Database
from server.core.ids import new_id
from server.core.valkey import Valkey
from server.domain.consent import UnknownLanguage, words_of
from server.domain.fetching import KINDS
from server.domain.media import MB
from server.migrations import runner
from server.queue.outbound import OutboundQueue
from server.queue.webhooks import WebhookQueue
from server.services import doctor
from server.services.api_keys import ApiKeys
from server.services.apps import Apps
from server.services.bundle import Services
from server.services.congestion import Congestion
from server.services.conversations import Conversations
from server.services.dispatch import Dispatch
from server.services.effects import Rules
from server.services.ends import Cancellations, Timekeeper
from server.services.explanations import Explanations
from server.services.health import Health
from server.services.inbound_media import InboundMedia
from server.services.inbox import Inbox
from server.services.maintenance import Heartbeat, Maintenance
from server.services.media import Media
from server.services.media_fetches import MediaFetches
from server.services.media_links import MediaLinks
from server.services.media_uploads import MediaUploads
from server.services.messages import Messages
from server.services.outages import is_outage
from server.services.phone_numbers import PhoneNumbers
from server.services.queues import Queues
from server.services.receipts import Receipts
from server.services.reconciliation import Reconciliation, Resolutions
from server.services.reprocessing import Reprocessing
from server.services.settlement import Settlement
from server.services.webhook_archive import WebhookArchive
from server.services.webhooks import Webhooks
from server.services.workspaces import Workspaces
from server.storage import Objects
from server.whatsapp import receipts
from server.whatsapp.assets import Assets
from server.whatsapp.downloads import MediaDownloads, Pace
from server.whatsapp.opaque_id import OpaqueIds
from server.whatsapp.outbound import OutboundClient
from server.workers import maintenance, media
from server.workers.loop import Actor, Beat
from server.workers.outbound import OutboundWorker
from server.workers.webhook import WebhookWorker

_ASK_TIMEOUT_S = 15.0
_ASK_CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Worker:
    """What `workers.loop.run` needs."""

    actors: list[Actor]
    beat: Beat


@asynccontextmanager
async def api_runtime(settings: Settings) -> AsyncIterator[Services]:
    """What the API's routes call. Raises CannotStart, KeyringInvalid, SchemaBehind or FailpointsInvalid."""
    _activate_failpoints(settings)
    async with AsyncExitStack() as stack:
        db = await connect(stack, settings, "database_url", "treeex api")
        await _check(settings, db)
        yield _services(stack, settings, db, everywhere=None)


@asynccontextmanager
async def admin_runtime(settings: Settings) -> AsyncIterator[Services]:
    """The same for the command line, which may also look across workspaces."""
    async with AsyncExitStack() as stack:
        db = await connect(stack, settings, "database_url", "treeex cli")
        await runner.check(db.pool)
        everywhere = None
        if settings.worker_database_url is not None:
            everywhere = await connect(stack, settings, "worker_database_url", "treeex cli")
        yield _services(stack, settings, db, everywhere)


@asynccontextmanager
async def worker_runtime(settings: Settings, role: str) -> AsyncIterator[Worker]:
    """The actors of one role, or of all. Raises like `api_runtime`, and SettingsInvalid."""
    _activate_failpoints(settings)
    worker_id = new_id()
    async with AsyncExitStack() as stack:
        db = await connect(stack, settings, "worker_database_url", f"treeex worker {role}")
        await _check(settings, db)
        client = valkey_client(stack, settings)
        queue = OutboundQueue(client)
        actors: list[Actor] = []
        if role in ("outbound", "all"):
            actors += _outbound(stack, settings, db, queue, worker_id)
        if role in ("webhook", "all"):
            actors += _webhook_worker(settings, db, client, queue).actors()
        if role in ("media", "all"):
            actors += _media(stack, settings, db, queue)
        if role in ("maintenance", "all"):
            stale_after_s = settings.send_timeout_s + settings.rescue_margin_s
            reconciliation = Reconciliation(db, window_s=settings.reconcile_window_s)
            retention = timedelta(days=settings.webhook_retention_days)
            keeper = Maintenance(db, queue, stale_after_s=stale_after_s, webhook_retention=retention)
            actors += maintenance.actors(keeper, reconciliation, Timekeeper(db, queue))
        yield Worker(actors, Heartbeat(db, worker_id=worker_id, role=role).beat)


async def migrate(settings: Settings) -> runner.Migrated:
    """Brings the schema to this version, and lets the users of the other two URLs in. Raises CannotStart."""
    url, variable = url_of(settings, "admin_database_url")
    logins = [one.get_secret_value() for one in (settings.database_url, settings.worker_database_url) if one]
    try:
        return await runner.migrate(url, login_urls=tuple(logins))
    except Exception as error:
        if not is_outage(error):
            raise
        raise CannotReach(f"PostgreSQL does not answer at {variable} ({type(error).__name__}); check it") from None


def _rules(settings: Settings) -> Rules:
    """Raises SettingsInvalid."""
    try:
        words = words_of(
            settings.consent_languages, stop=settings.consent_stop_words, start=settings.consent_start_words
        )
    except UnknownLanguage as unknown:
        raise SettingsInvalid([f"TREEEX_CONSENT_LANGUAGES is not valid: {unknown}"]) from None
    return Rules(OpaqueIds(load_keyring(settings)), words)


def _webhook_worker(settings: Settings, db: Database, client: Valkey, queue: OutboundQueue) -> WebhookWorker:
    rules = _rules(settings)
    webhooks = Webhooks(
        db,
        rules.opaque_ids,
        lease_s=settings.webhook_lease_s,
        words=rules.words,
        congestion=Congestion(db, queue),
    )
    return WebhookWorker(webhooks, WebhookQueue(client), batch=settings.webhook_batch)


def _activate_failpoints(settings: Settings) -> None:
    failpoints.activate(os.environ.get(failpoints.VARIABLE, ""), environment=settings.environment)


async def _check(settings: Settings, db: Database) -> None:
    """The schema always; in production also what would make a guarantee void. Raises SchemaBehind or CannotStart."""
    await runner.check(db.pool)
    if settings.environment != "production":
        return
    async for finding in doctor.database(db, "the database"):
        if not finding.ok:
            raise CannotStart(f"not safe for production: {finding.detail}; {finding.mend}")


def _outbound(
    stack: AsyncExitStack, settings: Settings, db: Database, queue: OutboundQueue, worker_id: UUID
) -> list[Actor]:
    in_flight = settings.sends_in_flight
    graph = graph_client(stack, settings, timeout_s=settings.send_timeout_s, connections=in_flight)
    grant_to_wire_s = settings.grant_to_wire_ms / 1000
    dispatch = Dispatch(
        db,
        queue,
        load_keyring(settings),
        worker_id=worker_id,
        grant_to_wire_s=grant_to_wire_s,
        # Its answer is here or given up then before the Rescuer takes the try for dead.
        sending_to_wire_s=settings.rescue_margin_s,
    )
    settlement = Settlement(db, worker_id=worker_id)
    client = OutboundClient(graph)
    return OutboundWorker(dispatch, settlement, Congestion(db, queue), client, sends_in_flight=in_flight).actors()


def _media(stack: AsyncExitStack, settings: Settings, db: Database, queue: OutboundQueue) -> list[Actor]:
    objects, timeout_s = open_storage(settings), settings.media_upload_timeout_s
    client = media_client(stack, settings, timeout_s=timeout_s, connections=media.UPLOADS_AT_ONCE)
    uploads = MediaUploads(db, queue, objects, client, load_keyring(settings), timeout_s=timeout_s)
    return media.actors(uploads, _fetches(stack, settings, db, objects), Media(db, objects))


def _fetches(stack: AsyncExitStack, settings: Settings, db: Database, objects: Objects) -> MediaFetches:
    graph = graph_client(stack, settings, timeout_s=_ASK_TIMEOUT_S, connections=media.FETCHES_AT_ONCE)
    downloads = MediaDownloads(
        graph,
        graph_url=settings.graph_url,
        pace=Pace(settings.media_download_timeout_s),
        connections=media.FETCHES_AT_ONCE,
    )
    stack.push_async_callback(downloads.close)
    return MediaFetches(
        db,
        Media(db, objects),
        objects,
        downloads,
        load_keyring(settings),
        most={kind: getattr(settings, f"inbound_{kind}_max_mb") * MB for kind in KINDS},
    )


def _services(stack: AsyncExitStack, settings: Settings, db: Database, everywhere: Database | None) -> Services:
    keyring = load_keyring(settings)
    client = valkey_client(stack, settings)
    graph = graph_client(stack, settings, timeout_s=_ASK_TIMEOUT_S, connections=_ASK_CONNECTIONS)
    webhook_queue = WebhookQueue(client)
    inbox = Inbox(db, webhook_queue, keyring, settings.webhook_commit_timeout_s)
    stack.push_async_callback(inbox.close)
    messages = Messages(db, OutboundQueue(client))
    stack.push_async_callback(messages.close)
    numbers = PhoneNumbers(db, keyring, Assets(graph))
    media_kept = Media(db, open_storage(settings))
    return Services(
        workspaces=Workspaces(db, everywhere, keyring),
        api_keys=ApiKeys(db, keyring),
        apps=Apps(db, keyring),
        phone_numbers=numbers,
        messages=messages,
        media=media_kept,
        inbound_media=InboundMedia(db, everywhere),
        media_links=MediaLinks(media_kept, keyring, public_url=settings.public_url),
        resolutions=Resolutions(db),
        cancellations=Cancellations(db),
        explanations=Explanations(db),
        queues=Queues(db),
        receipts=Receipts(db, numbers, receipts.Receipts(graph)),
        conversations=Conversations(db),
        inbox=inbox,
        webhook_archive=WebhookArchive(db, webhook_queue),
        reprocessing=Reprocessing(everywhere, _rules(settings)) if everywhere is not None else None,
        health=Health(db, client),
    )
