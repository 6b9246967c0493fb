"""The kinds of faults on Graph calls, one type each. `graph/faults.py` carries them out.

The names say when: what ends in `before` strikes before anything has happened, what ends in `after` when the call
was processed and all its consequences come.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from simulator.faults.rule import Code, Latency, Rule, Word, check_latency

ServerError = Annotated[int, msgspec.Meta(ge=500, le=599)]
AnyError = Annotated[int, msgspec.Meta(ge=400, le=599)]
Body = Annotated[str, msgspec.Meta(max_length=65_536)]
CallKind = Literal["sends", "media", "reads", "other"]
"""Messages, media (upload, look-up, download, deletion), other GETs, and what is left: receipts and management."""


class OnCalls(Rule, frozen=True, kw_only=True):
    """`on`: the calls that it is about."""

    on: Literal["sends", "media", "reads", "all"] = "sends"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on != "sends" and self.where.names_a_message:
            raise ValueError("only sends have a recipient, a type, a template or a category; leave `on` out")

    def concerns(self, kind: CallKind) -> bool:
        return self.on in ("all", kind)


class DropBefore(OnCalls, frozen=True, kw_only=True, tag="drop_before"):
    """The request was read; the connection is cut, and nothing has happened."""

    by: Literal["close", "reset"] = "close"


class HalfRequest(OnCalls, frozen=True, kw_only=True, tag="half_request"):
    """Half of the request's body is read; the connection is cut, and nothing has happened."""

    by: Literal["close", "reset"] = "close"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.where.names_a_message:
            raise ValueError("it strikes before the body is read, so `where` can only name a phone_number_id")


class CloseOnReuse(OnCalls, frozen=True, kw_only=True, tag="close_on_reuse"):
    """A kept connection is closed at the very moment when it is used again; nothing has happened."""

    by: Literal["close", "reset"] = "close"


class ErrorBefore(OnCalls, frozen=True, kw_only=True, tag="error_before"):
    """An error that is not Meta's JSON, such as a bare 429 or a 500; nothing has happened."""

    http: AnyError = 500


class MetaError(OnCalls, frozen=True, kw_only=True, tag="meta_error"):
    """A refusal in Meta's envelope; nothing has happened. What is not given is as Meta documents the code."""

    code: Code
    subcode: Code | None = None
    http: AnyError | None = None
    message: Word | None = None
    is_transient: bool | None = None


class Redirect(OnCalls, frozen=True, kw_only=True, tag="redirect"):
    """The answer leads elsewhere, by default to the same address; nothing has happened."""

    http: Literal[301, 302, 303, 307, 308] = 307
    location: Annotated[str, msgspec.Meta(min_length=1, max_length=2048, pattern="^[!-~]+$")] | None = None


class SlowBefore(OnCalls, frozen=True, kw_only=True, tag="slow_before"):
    """The call is processed so many real seconds after it has arrived, whether the client still waits or not."""

    seconds: Latency

    def __post_init__(self) -> None:
        super().__post_init__()
        check_latency(self.seconds)


class Fail(OnCalls, frozen=True, kw_only=True, tag="fail"):
    """The message is accepted; then a `failed` status with this code comes in place of all others."""

    code: Code

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on != "sends":
            raise ValueError("only a message can fail later; leave `on` out")


class DropAfter(OnCalls, frozen=True, kw_only=True, tag="drop_after"):
    """The call was processed; the connection is cut without an answer."""

    by: Literal["close", "reset"] = "close"


class ErrorAfter(OnCalls, frozen=True, kw_only=True, tag="error_after"):
    """The call was processed; the answer is a server error that is not Meta's JSON."""

    http: ServerError = 500


class GarbageAfter(OnCalls, frozen=True, kw_only=True, tag="garbage_after"):
    """The call was processed; the answer is a 200 that does not say so. A `body` is taken as it is."""

    form: Literal["html", "empty", "no_ids", "wrong_ids", "deep_json"] = "html"
    body: Body | None = None


class WrongTypeAfter(OnCalls, frozen=True, kw_only=True, tag="wrong_type_after"):
    """The call was processed; the right answer comes under a wrong content type."""

    content_type: Annotated[str, msgspec.Meta(pattern="^[a-z]+/[a-z0-9.+-]+$")] = "text/html"


class HugeAfter(OnCalls, frozen=True, kw_only=True, tag="huge_after"):
    """The call was processed; the answer says so, and is so many megabytes long."""

    megabytes: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16


class HalfAnswer(OnCalls, frozen=True, kw_only=True, tag="half_answer"):
    """The call was processed; the connection is cut in the answer.

    `cut`: after the headers, in the middle of the body, or after so many bytes from the first one of the answer.
    """

    cut: Literal["headers", "middle"] | Annotated[int, msgspec.Meta(ge=1)] = "middle"
    by: Literal["close", "reset"] = "close"


class DripAfter(OnCalls, frozen=True, kw_only=True, tag="drip_after"):
    """The call was processed; the whole answer comes in drops, and takes so many real seconds."""

    seconds: Latency

    def __post_init__(self) -> None:
        super().__post_init__()
        check_latency(self.seconds)


class Slow(OnCalls, frozen=True, kw_only=True, tag="slow"):
    """The call was processed; the whole answer comes so many real seconds later."""

    seconds: Latency

    def __post_init__(self) -> None:
        super().__post_init__()
        check_latency(self.seconds)


UnprocessedRule = DropBefore | HalfRequest | CloseOnReuse | ErrorBefore | MetaError | Redirect
SpoilingRule = Fail | DropAfter | ErrorAfter | GarbageAfter | WrongTypeAfter | HugeAfter | HalfAnswer | DripAfter | Slow
CallRule = UnprocessedRule | SlowBefore | SpoilingRule
