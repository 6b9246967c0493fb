"""The rules of planned faults, as `PUT /_sim/faults` and `--faults FILE` take them: one type for each kind.

Pure descriptions. `active.py` decides whom they strike; `graph/faults.py` carries out those on sends.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from simulator.errors import CannotStart
from simulator.state import Id

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
ServerError = Annotated[int, msgspec.Meta(ge=500, le=599)]
HttpError = Annotated[int, msgspec.Meta(ge=400, le=599)]
RealSeconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Body = Annotated[str, msgspec.Meta(max_length=65_536)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom a rule is about; what is not given is any."""

    phone_number_id: Id | None = None
    recipient: Id | None = None

    def covers(self, phone_number_id: str, wa_id: str) -> bool:
        return self.phone_number_id in (None, phone_number_id) and self.recipient in (None, wa_id)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """`share` of what `where` covers is struck, by chance from the seed, until it was struck `count` times."""

    where: Where = Where()
    share: Share = 1.0
    count: Count | None = None

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)


class DropBefore(Rule, frozen=True, tag="drop_before"):
    """The request was read; the connection is cut, and nothing has happened."""


class ErrorBefore(Rule, frozen=True, tag="error_before"):
    """A server error that is not Meta's JSON; nothing has happened."""

    http: ServerError = 500


class MetaError(Rule, frozen=True, tag="meta_error"):
    """A refusal in Meta's envelope; nothing has happened. Without a `message` it has the code's own title."""

    code: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]
    subcode: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)] | None = None
    http: HttpError = 400
    message: Words | None = None
    is_transient: bool | None = None


class DropAfter(Rule, frozen=True, tag="drop_after"):
    """The message was processed and its statuses come; the connection is cut without an answer."""


class ErrorAfter(Rule, frozen=True, tag="error_after"):
    """The message was processed; the answer is a server error that is not Meta's JSON."""

    http: ServerError = 500


class GarbageAfter(Rule, frozen=True, tag="garbage_after"):
    """The message was processed; the answer is a 200 whose body does not say so."""

    body: Body = "<!DOCTYPE html><title>WhatsApp</title>"


class HalfAnswer(Rule, frozen=True, tag="half_answer"):
    """The message was processed; half of the answer's body arrives, then the connection is cut."""


class Slow(Rule, frozen=True, tag="slow"):
    """The message was processed; the whole answer comes so many real seconds later."""

    seconds: RealSeconds


SendRule = DropBefore | ErrorBefore | MetaError | DropAfter | ErrorAfter | GarbageAfter | HalfAnswer | Slow
AnyRule = SendRule

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
