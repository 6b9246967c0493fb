"""Applies webhooks as a tutorial would: SQLAlchemy's ORM, a transaction an event, on the product's own tables.

It knows texts and statuses, and leaves of them what the product leaves. No lease, no routing but by number.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from server.core.ids import new_id
from server.models.contacts import Contact, ContactIdentity, Conversation
from server.models.events import Event
from server.models.messages import Message, Wamid
from server.models.phone_numbers import PhoneNumber
from server.models.webhooks import WebhookInbox, WebhookJob


@dataclass(frozen=True, slots=True)
class OrmWorker:
    """One at a time."""

    sessions: async_sessionmaker[AsyncSession]

    @classmethod
    @asynccontextmanager
    async def on(cls, url: str) -> AsyncIterator["OrmWorker"]:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
        yield cls(async_sessionmaker(engine, expire_on_commit=False))
        await engine.dispose()

    async def apply_all(self) -> int:
        """Until there is no job. Returns how many there were."""
        done = 0
        async with self.sessions() as session:
            while True:
                async with session.begin():
                    job = await session.scalar(select(WebhookJob).order_by(WebhookJob.inbox_id).limit(1))
                    if job is None:
                        return done
                    raw = await session.scalar(select(WebhookInbox.body).where(WebhookInbox.id == job.inbox_id))
                    await _apply(session, json.loads(raw or b"{}"))
                    await session.delete(job)
                session.expunge_all()
                done += 1


async def _apply(session: AsyncSession, payload: Any) -> None:
    for entry in payload["entry"]:
        for change in entry["changes"]:
            value = change["value"]
            meta = value["metadata"]["phone_number_id"]
            number = await session.scalar(select(PhoneNumber).where(PhoneNumber.phone_number_id == meta))
            assert number is not None
            for status in value.get("statuses", ()):
                await _status(session, number, status)
            for text in value.get("messages", ()):
                await _text(session, number, text, value["contacts"][0]["profile"]["name"])


async def _status(session: AsyncSession, number: PhoneNumber, status: Any) -> None:
    known = await session.get(Wamid, (number.id, status["id"]))
    assert known is not None
    message = await session.get_one(Message, (known.workspace_id, known.message_id))
    at, column = _time(status), f"{status['status']}_at"
    before = getattr(message, column)
    if before is None or at < before:
        setattr(message, column, at)
    if "pricing" in status:
        message.pricing = {name: status["pricing"][name] for name in sorted(status["pricing"])}
    if before is None:
        told = {"message_id": str(message.id), "wamid": message.wamid, "at": at.isoformat()}
        session.add(_event(message.workspace_id, f"message.{status['status']}", message.id, told))


async def _text(session: AsyncSession, number: PhoneNumber, text: Any, name: str) -> None:
    if await session.get(Wamid, (number.id, text["id"])) is not None:
        return
    workspace, at = number.workspace_id, _time(text)
    contact = await _contact(session, workspace, text["from"], name)
    conversation = await session.scalar(
        select(Conversation).where(
            Conversation.workspace_id == workspace,
            Conversation.phone_number_id == number.id,
            Conversation.contact_id == contact.id,
        )
    )
    if conversation is None:
        conversation = Conversation(
            workspace_id=workspace, id=new_id(), phone_number_id=number.id, contact_id=contact.id, last_message_at=at
        )
        session.add(conversation)
    conversation.last_inbound_at = max(conversation.last_inbound_at or at, at)
    conversation.last_message_at = max(conversation.last_message_at, at)
    message = Message(
        workspace_id=workspace,
        id=new_id(),
        direction="inbound",
        phone_number_id=number.id,
        contact_id=contact.id,
        conversation_id=conversation.id,
        type="text",
        content=text["text"],
        wamid=text["id"],
        received_at=at,
    )
    key = Wamid(phone_number_id=number.id, wamid=text["id"], workspace_id=workspace, message_id=message.id)
    told = {"message_id": str(message.id), "wamid": message.wamid, "at": at.isoformat()}
    session.add_all([message, key, _event(workspace, "message.received", message.id, told)])


async def _contact(session: AsyncSession, workspace: UUID, phone: str, name: str) -> Contact:
    owner = await session.get(ContactIdentity, (workspace, "wa_id", "", phone))
    if owner is not None:
        contact = await session.get_one(Contact, (workspace, owner.contact_id))
        contact.name = name
        return contact
    contact = Contact(workspace_id=workspace, id=new_id(), name=name)
    session.add(contact)
    for kind in ("wa_id", "phone"):
        name_of = {"workspace_id": workspace, "kind": kind, "scope": "", "value": phone}
        session.add(ContactIdentity(**name_of, contact_id=contact.id, source="meta"))
    return contact


def _event(workspace: UUID, kind: str, subject: UUID, told: dict[str, Any]) -> Event:
    return Event(workspace_id=workspace, id=new_id(), type=kind, subject_id=subject, data=told)


def _time(said: Any) -> datetime:
    return datetime.fromtimestamp(int(said["timestamp"]), UTC)
