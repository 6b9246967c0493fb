"""Conversations as they are shown, page by page, with their windows and their messages."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.domain.errors import Refused
from tests.integration.seed import Workspace, text

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def number(workspace) -> UUID:
    return await workspace.number()


async def test_a_conversation_shows_number_person_window_and_last_message(conversations, messages, workspace) -> None:
    number = await workspace.number(display="+1 555-010-0555", meta_id="55555555555555555")
    contact, conversation = await workspace.person(number)
    await workspace.inbound(number, contact, conversation)
    shown = await conversations.get(workspace.id, conversation)
    assert shown.number.model_dump() == {
        "id": number,
        "phone_number_id": "55555555555555555",
        "display_phone_number": "+1 555-010-0555",
        "verified_name": "Corner shop",
    }
    assert (shown.contact.id, shown.contact.name) == (contact, "Ada")
    assert {(name.kind.value, name.value) for name in shown.contact.identities} == {
        ("wa_id", "15550101"),
        ("phone", "15550101"),
    }
    assert shown.window.open
    assert shown.window.closes_at == shown.last_inbound_at + timedelta(hours=24)
    assert (shown.last_message.direction, shown.last_message.preview) == ("inbound", "Hello there")
    await messages.accept(workspace.principal, [text(number, body="x" * 300)])
    shown = await conversations.get(workspace.id, conversation)
    assert (shown.last_message.direction, shown.last_message.preview) == ("outbound", "x" * 99 + "…")


@pytest.mark.parametrize("wrote", [None, timedelta(days=2)])
async def test_a_closed_window_says_when_it_closed(conversations, workspace, number, wrote) -> None:
    _, conversation = await workspace.person(number, wrote=wrote, kinds=())
    shown = await conversations.get(workspace.id, conversation)
    assert not shown.window.open
    assert (shown.window.closes_at is None) == (wrote is None)
    assert (shown.contact.identities, shown.last_message) == ([], None)


async def test_pages_walk_every_conversation_once_while_others_are_added(conversations, workspace, number) -> None:
    # Three of each instant: the id decides among equals.
    there = [
        (
            AT + timedelta(hours=n // 3),
            (await workspace.person(number, f"1555013{n:04}", active=AT + timedelta(hours=n // 3)))[1],
        )
        for n in range(11)
    ]
    found, cursor, fresh = [], None, 0
    while True:
        page = await conversations.list(workspace.id, cursor=cursor, limit=2)
        found += [(shown.last_message_at, shown.id) for shown in page.data]
        fresh += 1
        await workspace.person(number, f"1555014{fresh:04}", active=AT + timedelta(days=fresh))
        cursor = page.next
        if cursor is None:
            break
    assert found == sorted(there, reverse=True)


async def test_microseconds_of_a_cursor_are_kept(conversations, workspace, number) -> None:
    there = [
        (await workspace.person(number, f"1555015{n:04}", active=AT + timedelta(microseconds=n)))[1] for n in range(4)
    ]
    first = await conversations.list(workspace.id, limit=2)
    second = await conversations.list(workspace.id, cursor=first.next, limit=2)
    assert [shown.id for shown in [*first.data, *second.data]] == there[::-1]


async def test_messages_of_a_conversation_are_of_both_directions(conversations, messages, workspace, number) -> None:
    contact, conversation = await workspace.person(number)
    await workspace.person(number, "15550102")
    received = await workspace.inbound(number, contact, conversation)
    receipt = await messages.accept(workspace.principal, [text(number), text(number, "+15550102")])
    first = await conversations.messages(workspace.id, conversation, limit=1)
    second = await conversations.messages(workspace.id, conversation, cursor=first.next, limit=1)
    assert [message.id for message in [*first.data, *second.data]] == [receipt.results[0].id, received]
    assert second.next is None


@pytest.mark.proves("G19")
async def test_another_workspace_sees_nothing(conversations, workspace, number, admin) -> None:
    _, conversation = await workspace.person(number)
    stranger = await Workspace(admin).create()
    for unknown in (conversation, new_id()):
        with pytest.raises(Refused, match="no such thing"):
            await conversations.get(stranger.id, unknown)
        with pytest.raises(Refused, match="no such thing"):
            await conversations.messages(stranger.id, unknown, limit=10)
    assert (await conversations.list(stranger.id, limit=10)).data == []


async def test_the_cursor_of_another_list_is_refused(conversations, messages, workspace, number) -> None:
    for n in range(2):
        await workspace.person(number, f"1555016{n:04}")
    cursor = (await conversations.list(workspace.id, limit=1)).next
    _, conversation = await workspace.person(number, "15550166")
    with pytest.raises(Refused) as refused:
        await conversations.messages(workspace.id, conversation, cursor=cursor, limit=1)
    assert refused.value.code == "invalid_cursor"
