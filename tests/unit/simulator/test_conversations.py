"""Messages that leave memory and come back, as they were and where they were."""

import logging
from itertools import count

import pytest

from simulator.conversations import SHOWN, Conversations, Message

ANN, BOB, NUMBER = "15550100001", "15550100002", "3"
AT_HAND = 4

_others = count(1)


@pytest.fixture
def conversations() -> Conversations:
    """With a memory so small that nearly everything is in the archive."""
    return Conversations(at_hand=AT_HAND)


def written(conversations: Conversations, wamid: str, **about: object) -> Message:
    content = about.pop("content", {"type": "text", "text": {"body": wamid}})
    message = Message(wamid, about.pop("author", "business"), NUMBER, about.pop("to", ANN), 1.0, content, **about)
    conversations.add(message)
    return message


def push_out(conversations: Conversations) -> None:
    """Whatever was there before is in the archive now."""
    for _ in range(2 * AT_HAND):
        written(conversations, f"wamid.other{next(_others)}", to=BOB)


def test_a_message_comes_back_as_it_was(conversations):
    content = {"type": "interactive", "interactive": {"flow": {"of_the_business": [10**30, -1.5, None, "\ud83d"]}}}
    about = {"opaque": "mine", "ticks": {"sent": 2.5}, "group_ticks": {"read": {ANN}}, "reply_to": "wamid.0"}
    first = written(conversations, "wamid.1", content=content, **about)
    push_out(conversations)
    found = conversations.find("wamid.1")
    assert found is not first
    assert found == first


def test_there_is_one_copy_and_changes_to_it_last(conversations):
    written(conversations, "wamid.1")
    for status in ("sent", "delivered", "read"):
        push_out(conversations)
        conversations.known("wamid.1").ticks[status] = 1.0
        assert conversations.find("wamid.1") is conversations.known("wamid.1")
    push_out(conversations)
    assert list(conversations.known("wamid.1").ticks) == ["sent", "delivered", "read"]


def test_who_was_just_asked_for_stays_while_others_come(conversations):
    message = written(conversations, "wamid.1")
    for place in range(20):
        assert conversations.find("wamid.1") is message
        written(conversations, f"wamid.other{place}")


def test_a_chat_shows_its_last_messages_in_order_wherever_they_are(conversations):
    for place in range(SHOWN + 10):
        written(conversations, f"wamid.{place}")
        written(conversations, f"wamid.other{place}", to=BOB)
    thread = conversations.thread(ANN, NUMBER)
    conversations.find("wamid.20")
    expected = [f"wamid.{place}" for place in range(10, SHOWN + 10)]
    for _ in range(2):
        assert [message.wamid for message in conversations.messages_of(thread)] == expected
        push_out(conversations)


def test_a_reaction_to_an_old_message_stands_with_it(conversations):
    written(conversations, "wamid.1")
    push_out(conversations)
    reaction = {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "🎉"}}
    written(conversations, "wamid.2", author="person", content=reaction)
    push_out(conversations)
    assert conversations.known("wamid.1").reactions == {"person": "🎉"}


def test_a_chat_moves_with_all_of_its_messages(conversations):
    written(conversations, "wamid.1")
    written(conversations, "wamid.of_bob", to=BOB)
    push_out(conversations)
    written(conversations, "wamid.2")
    conversations.move(ANN, "15550100077")
    push_out(conversations)
    moved = conversations.messages_of(conversations.thread("15550100077", NUMBER))
    assert [(message.wamid, message.wa_id) for message in moved] == [
        ("wamid.1", "15550100077"),
        ("wamid.2", "15550100077"),
    ]
    assert conversations.messages_of(conversations.thread(ANN, NUMBER)) == []
    assert conversations.known("wamid.of_bob").wa_id == BOB


def test_ids_that_were_never_given_are_unknown(conversations):
    push_out(conversations)
    assert conversations.find("wamid.1") is None
    with pytest.raises(LookupError, match=r"never been a message wamid\.1"):
        conversations.known("wamid.1")


def test_without_room_on_disk_messages_stay_in_memory_and_leave_later(conversations, caplog):
    conversations._archive._db.execute("PRAGMA max_page_count = 3")  # as if the disk had no room for a page more
    with caplog.at_level(logging.WARNING):
        written(conversations, "wamid.1", content={"type": "text", "text": {"body": "x" * 10_000}})
        push_out(conversations)
        assert conversations.find("wamid.1").wamid == "wamid.1"
    assert "free some space" in caplog.text
    conversations._archive._db.execute("PRAGMA max_page_count = 1000000")
    push_out(conversations)
    push_out(conversations)
    assert conversations.find("wamid.1").wamid == "wamid.1"
