"""The whole simulated world, wired once: the only place that knows how its parts fit together.

Made by `app.py` for a process and by tests for themselves; the Graph endpoints and the control API are handed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from simulator.carrier import Carrier
from simulator.clock import Clock, ManualClock
from simulator.conversations import Conversations
from simulator.data_directory import DataDirectory
from simulator.emitter import Emitter
from simulator.errands import Errands
from simulator.faults.active import Faults
from simulator.growth import Growth
from simulator.ids import Ids
from simulator.ledger import Ledger
from simulator.limits.calls import CallLimits
from simulator.limits.sends import SendLimits
from simulator.manual_time import ManualTime
from simulator.marketing import Marketing
from simulator.media.content import MemoryContents
from simulator.media.sessions import UploadSessions
from simulator.media.shelf import DISK_BOUND, MEMORY_BOUND, MediaShelf
from simulator.phones import Phones
from simulator.randomness import Streams
from simulator.recovery import restore, resume
from simulator.scheduler import Scheduler
from simulator.state import Store
from simulator.telling import Telling
from simulator.template_quality import TemplateQuality
from simulator.waiting import Waiting
from simulator.webhooks.faults import WebhookFaults
from simulator.webhooks.outbox import Outbox
from simulator.webhooks.sender import WebhookSender


@dataclass(slots=True)
class World:
    clock: Clock
    manual_time: ManualTime | None
    ids: Ids
    streams: Streams
    scheduler: Scheduler
    errands: Errands
    store: Store
    conversations: Conversations
    ledger: Ledger
    limits: SendLimits
    call_limits: CallLimits
    growth: Growth
    template_quality: TemplateQuality
    marketing: Marketing
    faults: Faults
    outbox: Outbox
    sender: WebhookSender
    emitter: Emitter
    telling: Telling
    phones: Phones
    carrier: Carrier
    media: MediaShelf
    uploads: UploadSessions
    unfinished: Sequence[str]
    data: DataDirectory | None

    @classmethod
    def create(cls, *, data: DataDirectory | None = None, seed: int = 0, clock: Clock | None = None) -> Self:
        """Build the world and fill it from the data directory.

        Raises:
            CannotStart: the data directory holds something that cannot be read.
        """
        clock = clock or Clock()
        streams = Streams(seed)
        scheduler = Scheduler(clock)
        errands = Errands(by_hand=clock.manual)
        store = Store()
        conversations = Conversations()
        ledger = Ledger(clock, data.ledger if data else None)
        if data is not None:
            data.configuration.load_into(store)
            store.journal = data.configuration
        limits = SendLimits(store)
        unfinished = restore(ledger, conversations, clock, store, limits)
        # Ids of a repeated run are the same, but never those of the run that this one takes up.
        ids = Ids(streams.stream(f"ids.{ledger.last_seq}").randbytes) if clock.manual else Ids()
        media = _shelf(store, clock, ids, data)
        faults = Faults(streams, clock, scheduler)
        outbox = Outbox(data.outbox if data else None)
        sender = WebhookSender(
            store=store, ledger=ledger, outbox=outbox, scheduler=scheduler, clock=clock, faults=faults
        )
        emitter = Emitter(
            store=store,
            conversations=conversations,
            ledger=ledger,
            outbox=outbox,
            sender=sender,
            faults=faults,
            webhook_faults=WebhookFaults(ledger=ledger, sender=sender, scheduler=scheduler, faults=faults),
            scheduler=scheduler,
            clock=clock,
            limits=limits,
        )
        telling = Telling(store=store, emitter=emitter, clock=clock)
        phones = Phones(
            store=store,
            conversations=conversations,
            emitter=emitter,
            scheduler=scheduler,
            streams=streams,
            clock=clock,
            ids=ids,
            waiting=Waiting(conversations=conversations, ledger=ledger, scheduler=scheduler, clock=clock),
            media=media,
        )
        carrier = Carrier(
            store=store,
            conversations=conversations,
            emitter=emitter,
            phones=phones,
            scheduler=scheduler,
            streams=streams,
        )
        growth = Growth(
            store=store,
            scheduler=scheduler,
            clock=clock,
            limits=limits,
            change_number=telling.change_number,
            change_portfolio=telling.change_portfolio,
        )
        quality = TemplateQuality(store=store, scheduler=scheduler, clock=clock, change=telling.change_template)
        manual_time = None
        if isinstance(clock, ManualClock):
            manual_time = ManualTime(clock=clock, ledger=ledger, scheduler=scheduler, errands=errands, sender=sender)
        return cls(
            clock=clock,
            manual_time=manual_time,
            ids=ids,
            streams=streams,
            scheduler=scheduler,
            errands=errands,
            store=store,
            conversations=conversations,
            ledger=ledger,
            limits=limits,
            call_limits=CallLimits(store),
            growth=growth,
            template_quality=quality,
            marketing=Marketing(store, streams),
            faults=faults,
            outbox=outbox,
            sender=sender,
            emitter=emitter,
            telling=telling,
            phones=phones,
            carrier=carrier,
            media=media,
            uploads=UploadSessions(media),
            unfinished=unfinished,
            data=data,
        )

    def start(self) -> None:
        """Take up what an earlier run left unfinished; needs the running loop."""
        resume(
            ledger=self.ledger,
            outbox=self.outbox,
            sender=self.sender,
            carrier=self.carrier,
            conversations=self.conversations,
            store=self.store,
            unfinished=self.unfinished,
        )
        self.unfinished = ()
        self.growth.resume()
        self.template_quality.resume()

    async def close(self) -> None:
        """Stop what is under way and leave the files complete; twice is fine."""
        self.scheduler.stop()
        await self.errands.close()
        await self.sender.close()
        self.conversations.close()
        self.ledger.close()
        if self.data is not None:
            self.data.close()


def _shelf(store: Store, clock: Clock, ids: Ids, data: DataDirectory | None) -> MediaShelf:
    if data is None:
        return MediaShelf(store=store, clock=clock, ids=ids, contents=MemoryContents(), bound=MEMORY_BOUND)
    contents, file = data.media_contents, data.media
    return MediaShelf(store=store, clock=clock, ids=ids, contents=contents, bound=DISK_BOUND, file=file)
