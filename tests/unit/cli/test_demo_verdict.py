"""The demo's verdict: it must see every way in which product and ledger can disagree."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from server.cli.demo.verdict import Evidence, judge, message_of

FIRST, SECOND, STRANGER = (UUID(int=number) for number in (1, 2, 3))
TIMES = {"sent_at": "2026-01-01T00:00:00Z", "delivered_at": "2026-01-01T00:00:01Z", "read_at": "2026-01-01T00:00:02Z"}


def outbound(id_: UUID, state: str = "read", **times: str | None) -> dict[str, Any]:
    return {"id": str(id_), "direction": "outbound", "state": state, "wamid": None, "times": {**TIMES, **times}}


def inbound(wamid: str) -> dict[str, Any]:
    return {"id": str(UUID(int=100)), "direction": "inbound", "state": "received", "wamid": wamid, "times": {}}


def send(id_: UUID | None) -> dict[str, Any]:
    return {"kind": "send", "biz_opaque_callback_data": f"t1.{id_.hex}.1.mac" if id_ else None}


def summary(missing: Mapping[str, int] | None = None) -> dict[str, Any]:
    def pair(name: str) -> dict[str, int]:
        return {"emitted": 2, "acknowledged": 2 - (missing or {}).get(name, 0)}

    return {"statuses": {name: pair(name) for name in ("sent", "delivered", "read")}, "inbound": pair("inbound")}


AGREEING = Evidence(
    accepted=frozenset({FIRST, SECOND}),
    shown=[outbound(FIRST), outbound(SECOND), inbound("greeting"), inbound("answer")],
    ledger=[
        {"kind": "inbound", "wamid": "greeting"},
        send(FIRST),
        send(SECOND),
        {"kind": "status", "status": "sent"},
        {"kind": "inbound", "wamid": "answer"},
    ],
    summary=summary(),
)


def changed(**fields: Any) -> Evidence:
    return replace(deepcopy(AGREEING), **fields)


def test_agreement() -> None:
    verdict = judge(AGREEING, greetings=1)
    assert verdict.disagreements == ()
    assert (verdict.accepted, verdict.sent, verdict.delivered, verdict.read) == (2, 2, 2, 2)
    assert (verdict.replies, verdict.lost, verdict.duplicated, verdict.held) == (1, 0, 0, 0)


def test_a_message_that_meta_never_processed_is_lost() -> None:
    verdict = judge(changed(ledger=[e for e in AGREEING.ledger if e != send(SECOND)]), greetings=1)
    assert verdict.lost == 1
    assert verdict.disagreements == (f"1 message accepted but never processed by Meta: {SECOND}",)


def test_a_message_that_was_not_read_is_lost() -> None:
    shown = [outbound(FIRST, "unknown", read_at=None, delivered_at=None, sent_at=None), *AGREEING.shown[1:]]
    verdict = judge(changed(shown=shown), greetings=1)
    assert (verdict.read, verdict.lost, verdict.held) == (1, 1, 1)
    assert verdict.disagreements == (f"1 message accepted but not read in the end: {FIRST}",)


def test_a_message_that_the_api_does_not_show_is_lost() -> None:
    verdict = judge(changed(shown=AGREEING.shown[1:]), greetings=1)
    assert verdict.lost == 1
    assert verdict.disagreements == (f"1 message accepted but not read in the end: {FIRST}",)


def test_a_message_that_was_sent_twice_is_a_duplicate() -> None:
    verdict = judge(changed(ledger=[*AGREEING.ledger, send(FIRST), send(FIRST)]), greetings=1)
    assert verdict.duplicated == 2
    assert verdict.disagreements == (f"1 message sent more than once: {FIRST}",)


@pytest.mark.parametrize(("id_", "named"), [(STRANGER, str(STRANGER)), (None, "without an id of ours")])
def test_a_send_that_nobody_asked_for_is_seen(id_: UUID | None, named: str) -> None:
    verdict = judge(changed(ledger=[*AGREEING.ledger, send(id_)]), greetings=1)
    assert verdict.disagreements == (f"1 message processed by Meta although nobody asked for them: {named}",)


def test_a_message_that_nobody_accepted_is_seen() -> None:
    verdict = judge(changed(shown=[*AGREEING.shown, outbound(STRANGER)]), greetings=1)
    assert verdict.disagreements == (f"1 message listed by the API although it did not accept them: {STRANGER}",)


def test_replies_that_are_missing_or_stored_twice_are_seen() -> None:
    missing = judge(changed(shown=AGREEING.shown[:3]), greetings=1)
    assert missing.disagreements == ("1 message written by people but not stored: answer",)
    twice = judge(changed(shown=[*AGREEING.shown, inbound("answer")]), greetings=1)
    assert twice.disagreements == ("1 message stored though people did not write them, or twice: answer",)


@pytest.mark.parametrize("name", ["sent", "delivered", "read", "inbound"])
def test_a_webhook_without_acknowledgement_is_seen(name: str) -> None:
    verdict = judge(changed(summary=summary({name: 1})), greetings=1)
    assert verdict.disagreements == (f"1 webhooks ({name}) were never acknowledged",)


@pytest.mark.parametrize("opaque", [None, "", "t1", "t1.not-hex.1.mac", "somebody else's"])
def test_what_is_no_opaque_id_names_no_message(opaque: str | None) -> None:
    assert message_of(opaque) is None
