"""The rules of planned faults, as `PUT /_sim/faults` and `--faults FILE` take them: one type for each kind.

Pure descriptions; those on media are in `media_rules.py`. `active.py` decides whom they strike; `graph/faults.py`
carries out those on sends, `webhooks/faults.py` those on webhooks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from simulator.delays import Range
from simulator.errors import CannotStart
from simulator.faults.media_rules import MediaRule
from simulator.faults.rule import RealSeconds, Rule
from simulator.summary import RARE_STATUSES, STATUSES

ServerError = Annotated[int, msgspec.Meta(ge=500, le=599)]
HttpError = Annotated[int, msgspec.Meta(ge=400, le=599)]
Body = Annotated[str, msgspec.Meta(max_length=65_536)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class DropBefore(Rule, frozen=True, kw_only=True, tag="drop_before"):
    """The request was read; the connection is cut, and nothing has happened."""


class ErrorBefore(Rule, frozen=True, kw_only=True, tag="error_before"):
    """A server error that is not Meta's JSON; nothing has happened."""

    http: ServerError = 500


class MetaError(Rule, frozen=True, kw_only=True, tag="meta_error"):
    """A refusal in Meta's envelope; nothing has happened. Without a `message` it has the code's own title."""

    code: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]
    subcode: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)] | None = None
    http: HttpError = 400
    message: Words | None = None
    is_transient: bool | None = None


class DropAfter(Rule, frozen=True, kw_only=True, tag="drop_after"):
    """The message was processed and its statuses come; the connection is cut without an answer."""


class ErrorAfter(Rule, frozen=True, kw_only=True, tag="error_after"):
    """The message was processed; the answer is a server error that is not Meta's JSON."""

    http: ServerError = 500


class GarbageAfter(Rule, frozen=True, kw_only=True, tag="garbage_after"):
    """The message was processed; the answer is a 200 whose body does not say so."""

    body: Body = "<!DOCTYPE html><title>WhatsApp</title>"


class HalfAnswer(Rule, frozen=True, kw_only=True, tag="half_answer"):
    """The message was processed; half of the answer's body arrives, then the connection is cut."""


class Slow(Rule, frozen=True, kw_only=True, tag="slow"):
    """The message was processed; the whole answer comes so many real seconds later."""

    seconds: RealSeconds


SendRule = DropBefore | ErrorBefore | MetaError | DropAfter | ErrorAfter | GarbageAfter | HalfAnswer | Slow

StatusName = Literal["sent", "delivered", "read", "failed"]
UpdateName = Literal["sent", "delivered", "read", "failed", "played", "deleted", "warning", "inbound", "notice"]


class OnUpdates(Rule, frozen=True, kw_only=True):
    """A fault of webhooks. `of`: the updates that it is about. All its times are simulated seconds."""

    of: tuple[UpdateName, ...] = (*STATUSES, *RARE_STATUSES, "inbound", "notice")

    def concerns(self, name: str) -> bool:
        return name in self.of


class Delay(OnUpdates, frozen=True, kw_only=True, tag="delay"):
    """The update leaves so much later, at least and at most."""

    seconds: Range

    def __post_init__(self) -> None:
        _ascending(self.seconds)


class Reorder(OnUpdates, frozen=True, kw_only=True, tag="reorder"):
    """The updates of a window are held until its end and leave in another order."""

    window_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Repeat(OnUpdates, frozen=True, kw_only=True, tag="repeat"):
    """The POST with the update comes `times` more, at once or later, whatever it is answered with."""

    times: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    later_s: Range = (0.0, 0.0)

    def __post_init__(self) -> None:
        _ascending(self.later_s)


class Drop(OnUpdates, frozen=True, kw_only=True, tag="drop"):
    """Updates are never sent, and nobody is told: decided once for a message, for all that `of` names."""

    of: tuple[UpdateName, ...] = STATUSES


class Only(Rule, frozen=True, kw_only=True, tag="only"):
    """No statuses of a message are ever sent but these."""

    statuses: tuple[StatusName, ...]

    def concerns(self, name: str) -> bool:
        return name in STATUSES and name not in self.statuses


class FailLater(OnUpdates, frozen=True, kw_only=True, tag="fail_later"):
    """A `failed` status follows one of these, as Meta may still fail what it has sent; once for a message."""

    of: tuple[Literal["sent", "delivered", "read"], ...] = ("delivered",)
    seconds: Range = (0.0, 0.0)
    code: Literal[131000, 131026, 131047, 131049] = 131026

    def __post_init__(self) -> None:
        _ascending(self.seconds)


WebhookRule = Delay | Reorder | Repeat | Drop | Only | FailLater
AnyRule = SendRule | WebhookRule | MediaRule

_LARGEST_FILE = 1024 * 1024


def rules_from_file(path: Path) -> list[AnyRule]:
    """Raises CannotStart when the file cannot be read or is not a list of rules."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST_FILE), type=list[AnyRule])
    except OSError as error:
        raise CannotStart(f"cannot read the faults in {path}: {error.strerror}; give another file") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CannotStart(
            f"{path} is not a list of fault rules: {error}; simulator/README.md lists their kinds"
        ) from error


def _ascending(range_: Range) -> None:
    if range_[0] > range_[1]:
        raise ValueError("a range is [least, most]; the first must not exceed the second")
