"""Ledgers written by hand, for the tests of the checker: entries of the simulator's shapes, in a row."""

import random
from dataclasses import dataclass, field
from uuid import UUID

from simulator.checker import Observed, SeenMessage, Verdict, check

NUMBER, ANN, APP = "300000000000003", "15550100001", "100000000000001"


def message_id(n: int) -> str:
    return str(UUID(int=n))


def opaque(n: int, attempt: int = 1) -> str:
    return f"t1.{UUID(int=n).hex}.{attempt}.bWFjbWFjbWFjbWFj"


@dataclass
class History:
    """What Meta did, and what the product shows of it."""

    entries: list[dict] = field(default_factory=list)
    messages: dict[str, SeenMessage] = field(default_factory=dict)
    inbound: list[str] = field(default_factory=list)

    def add(self, kind: str, **fields: object) -> dict:
        entry = {"seq": len(self.entries) + 1, "at": 1_790_000_000.0 + len(self.entries), "kind": kind, **fields}
        self.entries.append(entry)
        return entry

    def send(self, n: int, attempt: int = 1, *, data: str | None = "") -> str:
        wamid = f"wamid.{len(self.entries) + 1}"
        names = {"phone_number_id": NUMBER, "wa_id": ANN}
        data = opaque(n, attempt) if data == "" else data
        self.add("send", wamid=wamid, type="text", biz_opaque_callback_data=data, **names)
        return wamid

    def status(self, n: int, wamid: str, name: str, *, told: bool = True, acknowledged: bool = True) -> None:
        entry = self.add(
            "status", wamid=wamid, status=name, biz_opaque_callback_data=opaque(n), apps=[APP] if told else []
        )
        if told and acknowledged:
            self.post(entry["seq"])

    def post(self, *updates: int, http: int | None = 200, outcome: str = "acknowledged") -> None:
        self.add("webhook", app_id=APP, http=http, outcome=outcome, updates=list(updates))

    def write(self, wamid: str, *, told: bool = True, acknowledged: bool = True) -> dict:
        entry = self.add("inbound", wamid=wamid, phone_number_id=NUMBER, wa_id=ANN, apps=[APP] if told else [])
        if told and acknowledged:
            self.post(entry["seq"])
        return entry

    def show(self, n: int, state: str | None, *, accepted: bool = True, attempts: int | None = None) -> None:
        id_ = message_id(n)
        self.messages[id_] = SeenMessage(id=id_, accepted=accepted, state=state, attempts=attempts)

    def observed(self) -> Observed:
        return Observed(messages=list(self.messages.values()), inbound=self.inbound)

    def verdict(self) -> Verdict:
        return check(self.entries, self.observed())


def delivered(history: History, n: int) -> str:
    """A message that went well."""
    wamid = history.send(n)
    history.status(n, wamid, "sent")
    history.status(n, wamid, "delivered")
    history.show(n, "delivered", attempts=1)
    return wamid


# Each is a way in which an honest product and Meta may end up with a message.


def read_late_and_out_of_order(history: History, n: int, chance: random.Random) -> None:
    wamid = history.send(n)
    names = ["sent", "delivered", "read"]
    chance.shuffle(names)
    for name in names:
        for _ in range(chance.randint(1, 2)):
            history.status(n, wamid, name)
    history.show(n, "read", accepted=chance.random() < 0.8, attempts=1)


def some_statuses_lost(history: History, n: int, chance: random.Random) -> None:
    wamid = history.send(n)
    told = set()
    for name in ("sent", "delivered", "read"):
        if chance.random() < 0.5:
            history.status(n, wamid, name)
            told.add(name)
        else:
            history.status(n, wamid, name, told=False)
    history.show(n, next((name for name in ("read", "delivered", "sent") if name in told), "accepted"), attempts=1)


def failed_later(history: History, n: int, chance: random.Random) -> None:
    wamid = history.send(n)
    if chance.random() < 0.5:
        history.status(n, wamid, "sent")
    history.status(n, wamid, "failed")
    history.show(n, "failed", attempts=1)


def failed_but_arrived(history: History, n: int, _chance: random.Random) -> None:
    wamid = history.send(n)
    history.status(n, wamid, "failed")
    history.status(n, wamid, "delivered")
    history.show(n, "delivered", attempts=1)


def refused(history: History, n: int, _chance: random.Random) -> None:
    history.add("refused", phone_number_id=NUMBER, code=131047, http=400, fbtrace_id="A")
    history.show(n, "failed", attempts=1)


def never_left(history: History, n: int, chance: random.Random) -> None:
    history.show(n, chance.choice(["expired", "cancelled", "failed"]), attempts=0)


def cut_before_and_held(history: History, n: int, _chance: random.Random) -> None:
    history.add("fault", fault="drop_before", processed=False, biz_opaque_callback_data=opaque(n))
    history.show(n, "held", attempts=1)


def cut_after_and_held(history: History, n: int, _chance: random.Random) -> None:
    wamid = history.send(n)
    history.add("fault", fault="drop_after", processed=True, wamid=wamid, biz_opaque_callback_data=opaque(n))
    history.status(n, wamid, "sent", told=False)
    history.show(n, "held", attempts=1)


def cut_before_and_tried_again(history: History, n: int, _chance: random.Random) -> None:
    history.add("fault", fault="drop_before", processed=False, biz_opaque_callback_data=opaque(n))
    wamid = history.send(n, 2)
    history.status(n, wamid, "sent")
    history.show(n, "sent", attempts=2)


def asked_for_without_an_answer(history: History, n: int, chance: random.Random) -> None:
    if chance.random() < 0.5:
        history.show(n, None, accepted=False)
    else:
        delivered(history, n)
        history.show(n, "delivered", accepted=False)


def a_person_writes(history: History, n: int, chance: random.Random) -> None:
    wamid = f"wamid.inbound.{n}"
    entry = history.write(wamid, acknowledged=False)
    if chance.random() < 0.2:
        history.post(entry["seq"], http=503, outcome="dropped")
        return
    for _ in range(chance.randint(0, 2)):
        history.post(entry["seq"], http=503, outcome="retry")
    history.post(entry["seq"])
    history.inbound.append(wamid)


HONEST = [
    read_late_and_out_of_order,
    some_statuses_lost,
    failed_later,
    failed_but_arrived,
    refused,
    never_left,
    cut_before_and_held,
    cut_after_and_held,
    cut_before_and_tried_again,
    asked_for_without_an_answer,
    a_person_writes,
]


def honest(ways: list[int], seed: int) -> History:
    """A run in which everything is in order, all at the same time; `ways` are places in `HONEST`."""
    history, chance = History(), random.Random(seed)
    rows = []
    for n, way in enumerate(ways, start=1):
        before = len(history.entries)
        HONEST[way](history, n, chance)
        rows.append(history.entries[before:])
    turns = [row for row, entries in enumerate(rows) for _ in entries]
    chance.shuffle(turns)
    history.entries = [rows[row].pop(0) for row in turns]
    chance.shuffle(history.inbound)
    return history
