"""The demo's verdict: it must see every way in which product and ledger can disagree."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from server.cli.demo.verdict import Asked, Evidence, judge, message_of

FIRST, SECOND, STRANGER = (UUID(int=number) for number in (1, 2, 3))
TIMES = {"sent_at": "2026-01-01T00:00:00Z", "delivered_at": "2026-01-01T00:00:01Z", "read_at": "2026-01-01T00:00:02Z"}
TEXT, REACTION = Asked("text", "text"), Asked("reaction", "reaction")


def outbound(id_: UUID, state: str = "read", **times: str | None) -> dict[str, Any]:
    all_times = {**TIMES, "played_at": None, **times}
    return {"id": str(id_), "direction": "outbound", "state": state, "wamid": None, "times": all_times}


def inbound(wamid: str, type_: str = "text") -> dict[str, Any]:
    message = {"id": str(UUID(int=100)), "direction": "inbound", "type": type_, "state": "received", "wamid": wamid}
    return {**message, "content": {}, "reply_to": None, "times": {}, "file": None}


def photo(wamid: str) -> dict[str, Any]:
    return {**inbound(wamid, "image"), "content": {"id": "55", "sha256": "as Meta told"}, "file": {"state": "stored"}}


def opaque(id_: UUID | None) -> str | None:
    return f"t1.{id_.hex}.1.mac" if id_ else None


def send(id_: UUID | None, type_: str = "text") -> dict[str, Any]:
    return {"kind": "send", "type": type_, "biz_opaque_callback_data": opaque(id_)}


def statuses(id_: UUID, *names: str) -> list[dict[str, Any]]:
    return [{"kind": "status", "status": name, "biz_opaque_callback_data": opaque(id_)} for name in names]


def wrote(wamid: str) -> dict[str, Any]:
    return {"kind": "inbound", "type": "text", "wamid": wamid}


def summary(missing: Mapping[str, int] | None = None) -> dict[str, Any]:
    def pair(name: str) -> dict[str, int]:
        return {"emitted": 2, "acknowledged": 2 - (missing or {}).get(name, 0)}

    told = {name: pair(name) for name in ("sent", "delivered", "read")}
    return {"statuses": told, "inbound": pair("inbound"), "notices": pair("notices")}


ALL = ("sent", "delivered", "read")
AGREEING = Evidence(
    accepted={FIRST: TEXT, SECOND: TEXT},
    shown=[outbound(FIRST), outbound(SECOND), inbound("greeting"), inbound("answer")],
    ledger=[
        wrote("greeting"),
        {"kind": "receipt", "wamid": "greeting"},
        send(FIRST),
        send(SECOND),
        *statuses(FIRST, *ALL),
        *statuses(SECOND, *ALL),
        wrote("answer"),
    ],
    summary=summary(),
    marked=frozenset({"greeting"}),
)


def changed(**fields: Any) -> Evidence:
    return replace(deepcopy(AGREEING), **fields)


def test_agreement() -> None:
    verdict = judge(AGREEING, greetings=1, replies=1)
    assert verdict.disagreements == ()
    assert (verdict.accepted, verdict.sent, verdict.delivered, verdict.read) == (2, 2, 2, 2)
    assert (verdict.replies, verdict.lost, verdict.duplicated, verdict.held) == (1, 0, 0, 0)
    assert (verdict.went_out, verdict.came_in) == ({"text": 2}, {"text": 2})


@pytest.mark.parametrize(
    ("files", "told"),
    [({}, "whose file is not here"), ({str(UUID(int=100)): "another"}, "whose file is another one")],
)
def test_a_file_that_is_not_what_people_sent(files: dict[str, str], told: str) -> None:
    shown = [*AGREEING.shown[:-1], photo("answer")]
    ledger = [{**entry, "type": "image"} if entry.get("wamid") == "answer" else entry for entry in AGREEING.ledger]
    right = changed(shown=shown, ledger=ledger, files={str(UUID(int=100)): "as Meta told"})
    assert judge(right, greetings=1, replies=1).disagreements == ()
    assert judge(right, greetings=1, replies=1).files == 1
    wrong = judge(replace(right, files=files), greetings=1, replies=1)
    assert wrong.disagreements == (f"1 message {told}: {UUID(int=100)}",)


def test_a_message_that_meta_never_processed_is_lost() -> None:
    verdict = judge(changed(ledger=[e for e in AGREEING.ledger if e != send(SECOND)]), greetings=1, replies=1)
    assert verdict.lost == 1
    assert verdict.disagreements == (f"1 message accepted but never processed by Meta: {SECOND}",)


def test_a_message_that_was_not_read_is_lost() -> None:
    shown = [outbound(FIRST, "unknown", read_at=None, delivered_at=None, sent_at=None), *AGREEING.shown[1:]]
    ledger = [e for e in AGREEING.ledger if e not in statuses(FIRST, *ALL)]
    verdict = judge(changed(shown=shown, ledger=ledger), greetings=1, replies=1)
    assert (verdict.read, verdict.lost, verdict.held) == (1, 1, 1)
    assert verdict.disagreements == (f"1 message accepted but not read in the end: {FIRST}",)


def test_a_message_that_the_api_does_not_show_is_lost() -> None:
    verdict = judge(changed(shown=AGREEING.shown[1:]), greetings=1, replies=1)
    assert verdict.lost == 1
    assert verdict.disagreements == (f"1 message accepted but not read in the end: {FIRST}",)


def test_a_message_that_was_sent_twice_is_a_duplicate() -> None:
    verdict = judge(changed(ledger=[*AGREEING.ledger, send(FIRST), send(FIRST)]), greetings=1, replies=1)
    assert verdict.duplicated == 2
    assert verdict.disagreements == (f"1 message sent more than once: {FIRST}",)


@pytest.mark.parametrize(("id_", "named"), [(STRANGER, str(STRANGER)), (None, "without an id of ours")])
def test_a_send_that_nobody_asked_for_is_seen(id_: UUID | None, named: str) -> None:
    verdict = judge(changed(ledger=[*AGREEING.ledger, send(id_)]), greetings=1, replies=1)
    assert verdict.disagreements == (f"1 message processed by Meta although nobody asked for them: {named}",)


def test_a_message_that_nobody_accepted_is_seen() -> None:
    verdict = judge(changed(shown=[*AGREEING.shown, outbound(STRANGER)]), greetings=1, replies=1)
    assert verdict.disagreements == (f"1 message listed by the API although it did not accept them: {STRANGER}",)


def test_replies_that_are_missing_or_stored_twice_are_seen() -> None:
    missing = judge(changed(shown=AGREEING.shown[:3]), greetings=1, replies=0)
    assert missing.disagreements == ("1 message written by people but not stored: answer",)
    twice = judge(changed(shown=[*AGREEING.shown, inbound("answer")]), greetings=1, replies=2)
    assert twice.disagreements == ("1 message stored though people did not write them, or twice: answer",)


def test_a_message_that_meta_processed_as_something_else_is_seen() -> None:
    ledger = [send(SECOND, "image") if e == send(SECOND) else e for e in AGREEING.ledger]
    verdict = judge(changed(ledger=ledger), greetings=1, replies=1)
    assert verdict.disagreements == (f"1 message processed by Meta as of another type: {SECOND}",)


@pytest.mark.parametrize("status", ALL)
def test_a_status_that_is_shown_and_was_not_told_is_seen(status: str) -> None:
    ledger = [e for e in AGREEING.ledger if e not in statuses(FIRST, status)]
    verdict = judge(changed(ledger=ledger), greetings=1, replies=1)
    assert verdict.disagreements == (f"1 message shown as {status} though Meta did not say so: {FIRST}",)


@pytest.mark.parametrize("status", ["sent", "delivered"])
def test_a_status_that_was_told_and_is_not_shown_is_seen(status: str) -> None:
    shown = [outbound(FIRST, **{f"{status}_at": None}), *AGREEING.shown[1:]]
    verdict = judge(changed(shown=shown), greetings=1, replies=1)
    assert verdict.disagreements == (f"1 message {status}, says Meta, but not shown so: {FIRST}",)


def test_of_a_reaction_meta_tells_no_more_than_that_it_was_sent() -> None:
    only_sent = outbound(SECOND, "sent", delivered_at=None, read_at=None)
    ledger = [send(SECOND, "reaction") if e == send(SECOND) else e for e in AGREEING.ledger]
    ledger = [e for e in ledger if e not in statuses(SECOND, "delivered", "read")]
    evidence = changed(
        accepted={FIRST: TEXT, SECOND: REACTION}, shown=[only_sent, outbound(FIRST), *AGREEING.shown[2:]], ledger=ledger
    )
    verdict = judge(evidence, greetings=1, replies=1)
    assert (verdict.sent, verdict.delivered, verdict.read, verdict.lost) == (2, 1, 1, 0)
    assert (verdict.disagreements, verdict.went_out) == ((), {"text": 1, "reaction": 1})
    unsent = {**only_sent, "state": "accepted", "times": {**only_sent["times"], "sent_at": None}}
    shown = [unsent, outbound(FIRST), *AGREEING.shown[2:]]
    without = replace(evidence, shown=shown, ledger=[e for e in ledger if e not in statuses(SECOND, "sent")])
    verdict = judge(without, greetings=1, replies=1)
    assert verdict.lost == 1
    assert verdict.disagreements == (f"1 message accepted but not sent in the end: {SECOND}",)


def test_an_answer_that_is_stored_as_something_else_is_seen() -> None:
    shown = [*AGREEING.shown[:3], inbound("answer", "image")]
    verdict = judge(changed(shown=shown), greetings=1, replies=1)
    assert verdict.disagreements == ("1 message stored as of another type than people wrote: answer",)
    assert verdict.came_in == {"image": 1, "text": 1}


def test_an_answer_that_nobody_gave_is_missed() -> None:
    verdict = judge(AGREEING, greetings=1, replies=2)
    assert verdict.disagreements == ("1 answers came, and people were to give 2",)


def test_a_receipt_that_meta_does_not_know_is_seen() -> None:
    verdict = judge(changed(marked=frozenset({"greeting", "answer"})), greetings=1, replies=1)
    assert verdict.disagreements == ("1 message marked as read, and Meta knows nothing of it: answer",)


@pytest.mark.parametrize("name", ["sent", "delivered", "read", "inbound", "notices"])
def test_a_webhook_without_acknowledgement_is_seen(name: str) -> None:
    verdict = judge(changed(summary=summary({name: 1})), greetings=1, replies=1)
    assert verdict.disagreements == (f"1 webhooks ({name}) were never acknowledged",)


@pytest.mark.parametrize("opaque", [None, "", "t1", "t1.not-hex.1.mac", "somebody else's"])
def test_what_is_no_opaque_id_names_no_message(opaque: str | None) -> None:
    assert message_of(opaque) is None
