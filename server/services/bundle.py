"""The use cases of one process, as routes and commands find them. Built by `server.bootstrap` only."""

from dataclasses import dataclass

from server.services.api_keys import ApiKeys
from server.services.apps import Apps
from server.services.conversations import Conversations
from server.services.ends import Cancellations
from server.services.explanations import Explanations
from server.services.health import Health
from server.services.inbound_media import InboundMedia
from server.services.inbox import Inbox
from server.services.media import Media
from server.services.media_links import MediaLinks
from server.services.messages import Messages
from server.services.phone_numbers import PhoneNumbers
from server.services.queues import Queues
from server.services.receipts import Receipts
from server.services.reconciliation import Resolutions
from server.services.reprocessing import Reprocessing
from server.services.webhook_archive import WebhookArchive
from server.services.workspaces import Workspaces


@dataclass(frozen=True, slots=True)
class Services:
    """One of each noun. `reprocessing` needs the workers' database and is None without it."""

    workspaces: Workspaces
    api_keys: ApiKeys
    apps: Apps
    phone_numbers: PhoneNumbers
    messages: Messages
    media: Media
    inbound_media: InboundMedia
    media_links: MediaLinks
    resolutions: Resolutions
    cancellations: Cancellations
    explanations: Explanations
    queues: Queues
    receipts: Receipts
    conversations: Conversations
    inbox: Inbox
    webhook_archive: WebhookArchive
    reprocessing: Reprocessing | None
    health: Health
