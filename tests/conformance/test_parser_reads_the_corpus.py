"""The parser against Meta's reference corpus: every sample parses, and nothing of `messages` is unrecognised."""

import json
import os
from pathlib import Path

import pytest

from server.schemas.events import MessageReceived, StatusChanged, Unreadable, Unrecognised
from server.whatsapp.parser import parse

REFERENCE = Path(os.environ.get("TREEEX_META_REFERENCE") or Path(__file__).parents[2].parent / "shared" / "meta")
SAMPLES = sorted((REFERENCE / "corpus" / "webhooks").glob("*.json"))
NOT_APPLIED: frozenset[str] = frozenset()
"""Samples of the field `messages` of which something is unrecognised on purpose."""

needs_the_corpus = pytest.mark.skipif(
    not SAMPLES, reason=f"no webhook samples under {REFERENCE}; set TREEEX_META_REFERENCE to Meta's reference material"
)


@needs_the_corpus
def test_every_sample_parses_and_messages_are_recognised() -> None:
    unrecognised = {}
    for sample in SAMPLES:
        events = [event for change in parse(sample.read_bytes()) for event in change.events]
        assert not any(isinstance(event, Unreadable) for event in events), sample.name
        lost = [event for event in events if isinstance(event, Unrecognised) and event.field in ("messages", "")]
        if lost:
            unrecognised[sample.name] = lost
    assert set(unrecognised) == NOT_APPLIED, unrecognised


@needs_the_corpus
def test_every_message_and_status_of_the_samples_becomes_one_event() -> None:
    """Counted past the parser: what a sample holds is what comes out, in number, ids and types."""
    seen = 0
    for sample in SAMPLES:
        payload = json.loads(sample.read_bytes())
        values = [
            change["value"]
            for entry in payload.get("entry", [])
            for change in entry.get("changes", [])
            if change.get("field") == "messages"
        ]
        expected = sorted(
            item["id"] for value in values for key in ("messages", "statuses") for item in value.get(key, [])
        )
        events = [event for change in parse(sample.read_bytes()) for event in change.events]
        found = sorted(event.wamid for event in events if isinstance(event, MessageReceived | StatusChanged))
        assert found == expected, sample.name
        seen += len(found)
    assert seen > 50
