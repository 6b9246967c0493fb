"""Messages as they are shown: one, pages of them, and the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.domain.errors import Refused
from server.schemas.messages import MessageFilter
from server.services.messages import Messages
from tests.integration.seed import Workspace, text

ALL = MessageFilter()
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def number(workspace) -> UUID:
    return await workspace.number()


@pytest.fixture
async def person(workspace, number) -> tuple[UUID, UUID]:
    return await workspace.person(number)


@pytest.fixture
def send(messages, workspace):
    async def send(*commands: Any) -> list[UUID]:
        receipt = await messages.accept(workspace.principal, commands)
        return [result.id for result in receipt.results]

    return send


async def walk(messages: Messages, workspace: Workspace, wanted: MessageFilter = ALL, limit: int = 2) -> list[UUID]:
    """Every id, page by page."""
    found, cursor = [], None
    while True:
        page = await messages.list(workspace.id, wanted, cursor=cursor, limit=limit)
        assert 0 < len(page.data) <= limit or (not page.data and cursor is None)
        found += [message.id for message in page.data]
        cursor = page.next
        if cursor is None:
            return found


async def test_a_message_that_waits_shows_what_it_is_and_why_it_waits(
    messages, workspace, number, person, send
) -> None:
    [sent] = await send(text(number, reply_to="wamid.1", client_reference="order-1", on_ambiguous="hold"))
    await workspace.admin.execute("UPDATE outbox SET wait_reason = 'pair_rate' WHERE message_id = $1", sent)
    shown = await messages.get(workspace.id, sent)
    assert (shown.state, shown.direction, shown.type, shown.wait_reason) == ("queued", "outbound", "text", "pair_rate")
    assert (shown.sender, shown.to) == (str(number), "+15550101")
    assert (shown.contact_id, shown.conversation_id) == person
    assert shown.content == {"body": "Good morning", "preview_url": False}
    assert (shown.reply_to, shown.client_reference, shown.on_ambiguous) == ("wamid.1", "order-1", "hold")
    assert (shown.wamid, shown.error, shown.pricing, shown.attempts) == (None, None, None, 0)
    assert not any(shown.times.model_dump().values())


async def test_a_settled_message_shows_its_facts(messages, workspace, number, person, send, admin) -> None:
    [sent] = await send(text(number))
    await settle(admin, workspace, sent)
    shown = await messages.get(workspace.id, sent)
    assert (shown.state, shown.wamid, shown.attempts, shown.wait_reason) == ("delivered", "wamid.9", 2, None)
    assert (shown.times.accepted_at, shown.times.delivered_at) == (AT, AT + timedelta(seconds=2))
    assert shown.times.read_at is None


@pytest.mark.parametrize("state", ["sending", "unknown", "held"])
async def test_the_dispatch_state_shows_while_nothing_else_is_known(
    messages, workspace, number, person, send, state
) -> None:
    [sent] = await send(text(number))
    await workspace.admin.execute("UPDATE outbox SET state = $2 WHERE message_id = $1", sent, state)
    assert (await messages.get(workspace.id, sent)).state == state


async def test_an_inbound_message_names_its_sender_and_our_number(messages, workspace, number, person) -> None:
    content = '{"body": "Hi", "context": {"id": "wamid.0"}}'
    message = await workspace.inbound(number, *person, content=content)
    shown = await messages.get(workspace.id, message)
    assert (shown.direction, shown.state) == ("inbound", "received")
    assert (shown.sender, shown.to, shown.reply_to) == ("+15550101", str(number), "wamid.0")
    assert shown.content["body"] == "Hi"
    assert shown.times.received_at is not None


async def test_a_person_without_a_phone_number_is_named_by_their_user_id(messages, workspace, number) -> None:
    person = await workspace.person(number, "US.13491208655302741918", kinds=("bsuid",))
    message = await workspace.inbound(number, *person)
    assert (await messages.get(workspace.id, message)).sender == "US.13491208655302741918"


async def test_pages_walk_every_message_once_while_others_are_added(messages, workspace, number, person, send) -> None:
    there = [await workspace.inbound(number, *person) if n % 2 else (await send(text(number)))[0] for n in range(9)]
    found: list[UUID] = []
    cursor = None
    while True:
        page = await messages.list(workspace.id, ALL, cursor=cursor, limit=2)
        found += [message.id for message in page.data]
        await send(text(number))
        await workspace.inbound(number, *person)
        cursor = page.next
        if cursor is None:
            break
    assert found == there[::-1]


async def test_a_page_that_ends_exactly_has_no_next(messages, workspace, number, person, send) -> None:
    ids = await send(*(text(number) for _ in range(4)))
    page = await messages.list(workspace.id, ALL, limit=4)
    assert ([message.id for message in page.data], page.next) == (ids[::-1], None)


async def test_filters_narrow_together(messages, workspace, number, person, send) -> None:
    other = await workspace.number()
    other_contact, other_conversation = await workspace.person(other, "15550102")
    [mine, tagged] = await send(text(number), text(number, client_reference="order-1"))
    [theirs] = await send(text(other, "+15550102", client_reference="order-1"))
    inbound = await workspace.inbound(other, other_contact, other_conversation)

    async def ids(**wanted: Any) -> list[UUID]:
        return (await walk(messages, workspace, MessageFilter(**wanted)))[::-1]

    assert await ids() == [mine, tagged, theirs, inbound]
    assert await ids(conversation_id=other_conversation) == [theirs, inbound]
    assert await ids(direction="inbound") == [inbound]
    assert await ids(client_reference="order-1") == [tagged, theirs]
    assert await ids(sender=other) == [theirs]
    assert await ids(sender=number, client_reference="order-1") == [tagged]
    assert await ids(sender=new_id()) == []


@pytest.mark.proves("G19")
async def test_another_workspace_sees_nothing(messages, workspace, number, person, send, admin) -> None:
    [sent] = await send(text(number))
    stranger = await Workspace(admin).create()
    for unknown in (sent, new_id()):
        for read in (messages.get, messages.timeline):
            with pytest.raises(Refused) as refused:
                await read(stranger.id, unknown)
            assert refused.value.code == "not_found"
    assert await walk(messages, stranger) == []
    assert await walk(messages, stranger, MessageFilter(sender=number)) == []
    assert await walk(messages, stranger, MessageFilter(conversation_id=person[1])) == []
    page = await messages.list(workspace.id, ALL, limit=1)
    assert page.next is None
    await send(text(number))
    cursor = (await messages.list(workspace.id, ALL, limit=1)).next
    assert (await messages.list(stranger.id, ALL, cursor=cursor, limit=1)).data == []


async def settle(admin: Any, workspace: Workspace, message: UUID) -> None:
    """Two attempts, the second taken by Meta; then sent and delivered, with an event."""
    await admin.executemany(
        """INSERT INTO message_attempts (workspace_id, message_id, attempt, started_at, latency_ms, outcome,
             error_code, fbtrace_id, phone_number_id)
           SELECT $1, id, $3, $4, $5, $6, $7, $8, phone_number_id FROM messages WHERE id = $2""",
        [
            (workspace.id, message, 1, AT - timedelta(seconds=9), 80, "throttled", 130429, "trace-1"),
            (workspace.id, message, 2, AT - timedelta(seconds=1), 120, "accepted", None, "trace-2"),
        ],
    )
    await admin.execute("DELETE FROM outbox WHERE message_id = $1", message)
    await admin.execute(
        """UPDATE messages SET created_at = $2, accepted_at = $3, sent_at = $4, delivered_at = $5, wamid = 'wamid.9'
           WHERE id = $1""",
        message,
        AT - timedelta(seconds=10),
        AT,
        AT + timedelta(seconds=1),
        AT + timedelta(seconds=2),
    )
    await admin.execute(
        """INSERT INTO events (workspace_id, id, type, subject_id, data, created_at)
           VALUES ($1, $2, 'message.accepted', $3, '{"wamid": "wamid.9"}', $4)""",
        workspace.id,
        new_id(),
        message,
        AT + timedelta(milliseconds=5),
    )


async def test_the_timeline_tells_everything_in_order(messages, workspace, number, person, send, admin) -> None:
    [sent] = await send(text(number, client_reference="order-1"))
    await settle(admin, workspace, sent)
    timeline = await messages.timeline(workspace.id, sent)
    assert (timeline.message_id, timeline.state) == (sent, "delivered")
    assert [(entry.kind, entry.title) for entry in timeline.data] == [
        ("request", "Accepted here"),
        ("attempt", "Attempt 1: throttled"),
        ("attempt", "Attempt 2: accepted"),
        ("status", "Taken by Meta"),
        ("event", "message.accepted"),
        ("status", "Sent"),
        ("status", "Delivered"),
    ]
    request, first, second, _, event, *_ = timeline.data
    assert request.data["api_key_id"] == workspace.key_id
    assert (request.data["api_key"], request.data["client_reference"]) == ("Till", "order-1")
    assert (first.data["error_code"], first.data["latency_ms"], first.data["fbtrace_id"]) == (130429, 80, "trace-1")
    assert "error_code" not in second.data
    assert event.data["wamid"] == "wamid.9"


async def test_the_timeline_says_what_an_unsettled_message_waits_for(messages, workspace, number, person, send) -> None:
    await workspace.admin.execute("UPDATE phone_numbers SET pause_reason = 'x' WHERE id = $1", number)
    [sent] = await send(text(number))
    timeline = await messages.timeline(workspace.id, sent)
    assert [(entry.kind, entry.title) for entry in timeline.data] == [
        ("request", "Accepted here"),
        ("wait", "Waits for its turn"),
    ]
    assert timeline.data[1].data["reason"] == "number_paused"
    assert timeline.data[1].data["due_at"] == timeline.data[0].at


async def test_the_timeline_of_an_inbound_message_begins_at_meta(messages, workspace, number, person) -> None:
    message = await workspace.inbound(number, *person)
    [entry] = (await messages.timeline(workspace.id, message)).data
    assert (entry.kind, entry.data["wamid"]) == ("received", f"wamid.{message.hex}")


async def test_a_status_in_whole_seconds_never_stands_before_its_cause(
    messages, workspace, number, person, send, admin
) -> None:
    [sent] = await send(text(number))
    await settle(admin, workspace, sent)
    await admin.execute("UPDATE messages SET sent_at = date_trunc('second', created_at) WHERE id = $1", sent)
    titles = [entry.title for entry in (await messages.timeline(workspace.id, sent)).data]
    assert titles.index("Attempt 2: accepted") < titles.index("Sent") < titles.index("message.accepted")
