"""What a scenario file says, read and checked; and the calls of the control API that it stands for.

Called by `process.py` and the command line. Nothing here talks to anybody. Bodies are those of the control API, so
simulator/README.md describes them; the API itself refuses what is wrong in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec

from simulator.errors import CannotStart

Body = dict[str, Any]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=30 * 86_400)]

SOMEBODY = "{somebody}"
"""In a call: one of the people of the scenario, drawn from the seed each time."""
_READY = files("simulator.scenario").joinpath("ready")
_LARGEST_FILE = 256 * 1024
_CALL = "^(GET|PUT|POST|PATCH|DELETE) /_sim/[^ ]+$"


class Person(msgspec.Struct, forbid_unknown_fields=True):
    """One person (`wa_id`), or `count` of them with numbers from `first` on. `{n}` in the name counts them."""

    wa_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{7,15}$")] | None = None
    first: Annotated[str, msgspec.Meta(pattern="^[0-9]{7,15}$")] | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    name: str = "Person {n}"
    profile: Body = {}

    def __post_init__(self) -> None:
        if (self.wa_id is None) is (self.first is None) or (self.wa_id is not None and self.count != 1):
            raise ValueError("a person has a wa_id, or there are several: then give first and count")

    def numbers(self) -> list[str]:
        return [self.wa_id] if self.wa_id is not None else [str(int(self.first or "0") + n) for n in range(self.count)]


class Account(msgspec.Struct, forbid_unknown_fields=True):
    """`account`: the body for the account. With `sample_templates` it has those of the simulator."""

    account: Body = {}
    sample_templates: bool = False
    templates: dict[str, Body] = {}


class Beat(msgspec.Struct, forbid_unknown_fields=True):
    """A call of the control API that happens by itself: after so long, then every so often, so many times."""

    call: Annotated[str, msgspec.Meta(pattern=_CALL)]
    bodies: list[Body] = msgspec.field(default_factory=lambda: [{}])
    after_s: Seconds = 0.0
    every_s: Annotated[float, msgspec.Meta(gt=0, le=30 * 86_400)] | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if not self.bodies:
            raise ValueError("bodies names at least one body; leave it out for an empty one")
        if self.times is not None and self.times > 1 and self.every_s is None:
            raise ValueError("what happens several times needs every_s")


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """A world, in the order in which it is set up, and its story."""

    about: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    settings: Body = {}
    apps: dict[str, Body] = {}
    accounts: dict[str, Account] = {}
    portfolios: dict[str, Body] = {}
    numbers: dict[str, Body] = {}
    tokens: list[Body] = []
    people: list[Person] = []
    groups: dict[str, Body] = {}
    faults: list[Body] | Body | None = None
    story: list[Beat] = []

    def wa_ids(self) -> list[str]:
        return [wa_id for person in self.people for wa_id in person.numbers()]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the control API."""

    method: str
    path: str
    body: Any


def load(name: str) -> Scenario:
    """A ready scenario by its name, or a file by its path. Raises CannotStart with what is wrong."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return _parsed(_read(path), str(path))
    if name not in names():
        raise CannotStart(f"there is no scenario {name!r}; choose one of {', '.join(names())}, or give a .yaml file")
    return _parsed(_READY.joinpath(f"{name}.yaml").read_bytes(), name)


def names() -> list[str]:
    """The ready scenarios."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _READY.iterdir() if entry.name.endswith(".yaml"))


def ready() -> dict[str, str]:
    """The ready scenarios: what each is about, by its name."""
    return {name: load(name).about for name in names()}


def set_up(scenario: Scenario, *, callback: str | None = None) -> Iterator[Call]:
    """The calls that make its world. `callback`: where all its apps send their webhooks."""
    yield Call("PUT", "settings", scenario.settings)
    for id_, body in scenario.apps.items():
        yield Call("PUT", f"apps/{id_}", body if callback is None else {**body, "callback_url": callback})
    for id_, account in scenario.accounts.items():
        yield Call("PUT", f"wabas/{id_}", account.account)
        if account.sample_templates:
            yield Call("POST", f"wabas/{id_}/templates/samples", {})
        for named, body in account.templates.items():
            yield Call("PUT", f"wabas/{id_}/templates/{named}", body)
    yield from (Call("PATCH", f"portfolios/{id_}", body) for id_, body in scenario.portfolios.items())
    yield from (Call("PUT", f"numbers/{id_}", body) for id_, body in scenario.numbers.items())
    yield from (Call("POST", "tokens", body) for body in scenario.tokens)
    for person in scenario.people:
        for n, wa_id in enumerate(person.numbers(), start=1):
            yield Call("PUT", f"people/{wa_id}", {**person.profile, "name": person.name.replace("{n}", str(n))})
    yield from (Call("PUT", f"groups/{id_}", body) for id_, body in scenario.groups.items())
    if scenario.faults is not None:
        yield Call("PUT", "faults", scenario.faults)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise CannotStart(f"cannot read the scenario {path}: {error.strerror}; give another file") from error


def _parsed(raw: bytes, name: str) -> Scenario:
    try:
        return msgspec.yaml.decode(raw, type=Scenario)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CannotStart(f"{name} is not a scenario: {error}; simulator/README.md describes them") from error
