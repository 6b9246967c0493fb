"""Every process of `up` is killed, the first ones while messages are on their way: each is started again, and every
message is read, once.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import pytest

from server.cli.demo.customer import Customer
from server.cli.demo.verdict import sends_by_message
from server.cli.up import local_http
from tests.e2e.running_up import Up, running_up, short_data_dir

PEOPLE = [str(12025550110 + place) for place in range(6)]
ROUNDS = 7
META_NUMBER = "300000000000001"
SETTINGS = {
    # What a kill leaves undecided is settled within the test's patience.
    "send_timeout_s": 2,
    "rescue_margin_s": 1,
    "reconcile_window_s": 20,  # within which a slow machine has all started again, so that there is evidence
    "webhook_lease_s": 2,
}
WHILE_SENDING = (
    ("outbound worker", "worker outbound"),
    ("webhook worker", "worker webhook"),
    ("media worker", "worker media"),
    ("maintenance worker", "worker maintenance"),
    ("api", "api --fd"),
)
WHEN_QUIET = (("simulator", "-m simulator"), ("Valkey", "valkey-server"), ("PostgreSQL", "postgres -D"))
DIED = "{} (was killed by signal 9|died); starting it again"
PATIENCE_S = 180.0


@pytest.mark.long
@pytest.mark.proves("G7", "G11", "G12")
@pytest.mark.timeout(600)  # eight processes start again, one after the other
async def test_a_child_that_dies_is_restarted() -> None:
    with short_data_dir() as data_dir, running_up(data_dir, settings=SETTINGS) as up:
        key, sender = up.found(r"API key +(treeex_live_\w+) "), UUID(up.found(r'"from": "([^"]+)"'))
        async with Customer(up.api_url, key) as customer:
            await asyncio.to_thread(let_people_write, up)
            await until_windows_are_open(customer)
            assert set(up.children()) == {up.child(words) for _, words in WHILE_SENDING + WHEN_QUIET}
            killing = asyncio.create_task(asyncio.to_thread(kill_one_after_another, up, WHILE_SENDING))
            accepted = await send_until(customer, sender, killing)
            await until_all_are_read(customer, accepted)
            await asyncio.to_thread(kill_one_after_another, up, WHEN_QUIET)
            after = await customer.send(text(sender, PEOPLE[0], "Still here?"))
            await until_all_are_read(customer, {after})
        ledger = await asyncio.to_thread(ledger_of, up)
        assert sends_by_message(ledger) == dict.fromkeys([*accepted, after], 1)


def let_people_write(up: Up) -> None:
    behaviour = {"reads": True, "read_delay_s": 0.1}
    for wa_id in PEOPLE:
        simulate(up, "PUT", f"people/{wa_id}", {"name": f"Person {wa_id}", "behaviour": behaviour})
        simulate(up, "POST", f"people/{wa_id}/messages", {"to": META_NUMBER, "text": "Hello"})


def kill_one_after_another(up: Up, victims: Sequence[tuple[str, str]]) -> None:
    """Each is killed when the one before runs again."""
    for name, words in victims:
        victim = up.child(words)
        os.kill(victim, signal.SIGKILL)
        up.until(partial(has_said, up, DIED.format(name)))
        up.until(partial(has_successor, up, words, victim))
    up.until(lambda: local_http.answers_well(f"{up.api_url}/readyz"))


def has_said(up: Up, pattern: str) -> bool:
    return re.search(pattern, up.said) is not None


def has_successor(up: Up, words: str, victim: int) -> bool:
    return any(words in line and pid != victim for pid, line in up.children().items())


async def send_until(customer: Customer, sender: UUID, killing: "asyncio.Task[None]") -> set[UUID]:
    """Texts to everyone in turn, some of them certainly after the last kill."""
    accepted: set[UUID] = set()
    for number in range(ROUNDS):
        if number == ROUNDS - 1:
            await killing
        for wa_id in PEOPLE:
            accepted.add(await customer.send(text(sender, wa_id, f"Note {number}")))
            await asyncio.sleep(0)
    return accepted


def text(sender: UUID, wa_id: str, body: str) -> dict[str, object]:
    return {"from": str(sender), "to": f"+{wa_id}", "type": "text", "text": {"body": body}}


async def until_windows_are_open(customer: Customer) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len([c for c in await customer.conversations() if c["window"]["open"]]) <= len(PEOPLE):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def until_all_are_read(customer: Customer, accepted: set[UUID]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        states = {UUID(m["id"]): m["state"] for m in await customer.messages() if m["direction"] == "outbound"}
        if {states.get(id_) for id_ in accepted} == {"read"}:
            return
        assert time.monotonic() < deadline, {id_: states.get(id_) for id_ in accepted if states.get(id_) != "read"}
        await asyncio.sleep(0.1)


def simulate(up: Up, method: str, path: str, body: object = None) -> object:
    answer = local_http.call(method, f"{up.simulator_url}/_sim/{path}", body, timeout_s=15)
    assert answer.ok, answer
    return answer.body


def ledger_of(up: Up) -> list[dict[str, object]]:
    page = simulate(up, "GET", "ledger?limit=10000")
    assert isinstance(page, dict)
    entries: list[dict[str, object]] = page["entries"]
    return entries
