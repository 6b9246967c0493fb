"""Writes docs/webhooks.md: what each of Meta's webhooks becomes, as the parser and the tests' samples say.

`python tools/webhook_table.py` renews it; with `--check` it changes nothing and says whether it is out of step. What
applications are told of a sample is proved by tests/integration/webhooks/test_every_field.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from server.domain.consent import START, STOP  # noqa: E402 - found through the line above
from server.domain.lifecycle import STATUS_FACTS  # noqa: E402
from server.schemas.events import Noticed, Told  # noqa: E402
from server.whatsapp.parser import parse  # noqa: E402
from tests.integration.webhooks.fields import SAMPLES  # noqa: E402
from tests.integration.webhooks.payloads import change, status  # noqa: E402

DOCUMENT = ROOT / "docs" / "webhooks.md"
NUMBER = "800000000000001"
STATES = {
    "MessageReceived": "message, contact and its names, conversation and service window; its file is owed",
    "MessageEchoed": "message with its direction and `source`, contact, conversation; its file is owed",
    "StatusChanged": "the message's facts, price and error; names of the person; end of a free entry point",
    "PreferenceStated": "contact; a consent",
    "UserIdChanged": "the contact's names",
    "ContactSynced": "contact and its phone",
    "HistoryShared": "none but its messages",
    "TemplateChanged status": "the template's status, reason and category: the last word counts",
    "TemplateChanged quality": "the template's quality",
    "TemplateChanged category": "the template's category, once it changes",
    "TemplateChanged components": "the template's text",
    "NumberChanged quality": "the number's throughput or quality; the portfolio's messaging limit",
    "NumberChanged name": "the number's verified name, once it is approved",
    "AccountChanged state": "numbers pause at a ban or when the account leaves, rest at a restriction, and resume",
    "AccountChanged review": "the last decision",
    "AccountChanged limits": "the portfolio's messaging limit",
}
"""What an event moves here, by its class and its `fact`. What is not named moves nothing."""
MORE = {
    "a person changed number": "the contact's names move; another contact that has them is merged",
    "a person changed user id": "the contact's names move; another contact that has them is merged",
    "a person wrote stop": "as any message, and a consent",
}
HEAD = """# What Meta's webhooks become

Every signed body is stored before it is answered, and kept as it came. Then each change of it becomes events, each of
them once however often Meta repeats it, and they move the state named here. Applications are told of it in the feed;
the event's `content` is Meta's own object. What Meta does not have in its reference is shown as `unrecognised`
(`treeex webhook list`), and what is for a number or an account that is not connected yet is `parked` until it is.

Meta gives no order. Statuses merge to the earliest of each, and of templates, numbers and accounts the last word by
Meta's own time counts, whatever comes last.

This page is written by `tools/webhook_table.py`.

| field | what | event | applications are told | state |
|---|---|---|---|---|
"""
CONSENT = """
## Consent

`consents` is a ledger: each word of a person is a row, and the last one by time counts. It is written for a message
that is nothing but one of these words, or a button of that text; for a preference in WhatsApp itself; and for a
message that Meta fails with 131050. `TREEEX_CONSENT_LANGUAGES` chooses the languages, `TREEEX_CONSENT_STOP_WORDS` and
`TREEEX_CONSENT_START_WORDS` add words.

| language | stop | start |
|---|---|---|
"""
FAILURES = """
## Failures that say more

A message that Meta fails after it took it is judged by the same table of codes as an answer to a send. When the
failure is new and less than an hour old, the number or its account pauses, or its campaigns rest, as [the life of a
message](message-lifecycle.md) tells. 132015 and 132016 pause or disable its template, and 131050 is a consent.

## One person, several names

Meta knows people by phone, WhatsApp id and business-scoped user id, and tells them one by one. When two contacts turn
out to be one person, the older one gets everything of the younger: names, conversations, messages, what waits to be
sent, and consents (event `contact.merged`). That is done apart from the webhook that showed it, and once more two
minutes later for whoever had begun before. The younger contact stays as a signpost (`merged_into`).
"""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    field: str
    what: str
    event: str
    told: tuple[str, ...]
    state: str

    def __str__(self) -> str:
        told = ", ".join(f"`{name}`" for name in self.told)
        return f"| `{self.field}` | {self.what} | {self.event} | {told} | {self.state} |"


def rows() -> Iterator[Row]:
    """Samples in their order, statuses after the messages."""
    for name, sample in SAMPLES.items():
        event = _event({"id": "1", "time": 1772452800, "changes": [sample.change(NUMBER)]})
        yield Row(sample.field, name, f"`{type(event).__name__}`", sample.events, MORE.get(name) or _state(event))
    for name in STATUS_FACTS:
        event = _event({"id": "1", "changes": [change(NUMBER, statuses=[status("wamid.1", name)])]})
        told = (f"message.{name}",)
        yield Row("messages", f"the status {name}", f"`{type(event).__name__}`", told, _state(event))


def document() -> str:
    languages = [f"| {one} | {', '.join(STOP[one])} | {', '.join(START[one])} |\n" for one in STOP]
    table = "".join(f"{row}\n" for row in sorted(rows(), key=lambda row: row.field != "messages"))
    return HEAD + table + CONSENT + "".join(languages) + FAILURES


def _event(entry: dict[str, Any]) -> Any:
    """The last event of an entry: what is told of the whole stands after its parts."""
    return [event for change in parse(json.dumps({"entry": [entry]}).encode()) for event in change.events][-1]


def _state(event: Any) -> str:
    name = type(event).__name__
    if isinstance(event, Told) and not isinstance(event, Noticed):
        name = f"{name} {getattr(event, 'fact', '')}".strip()
    return STATES.get(name, "none")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, and say whether the page is out of step")
    wanted, found = document(), DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
    if parser.parse_args().check:
        if wanted != found:
            print("docs/webhooks.md is out of step: run tools/webhook_table.py", file=sys.stderr)
        return int(wanted != found)
    DOCUMENT.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
