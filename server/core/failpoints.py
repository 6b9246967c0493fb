"""Failpoints: named places where a test can kill, stop or delay this process. They do nothing unless they are set.

With `TREEEX_FAILPOINTS="ow.written=kill@3;api.committed=sleep:2"` the process kills itself at the third pass of
`ow.written` and stands still for two seconds at the first of `api.committed`. Refused in production.
"""

import os
import signal
import time
from dataclasses import dataclass

VARIABLE = "TREEEX_FAILPOINTS"

KNOWN = frozenset(
    {
        "wh.body_read",
        "wh.before_commit",
        "wh.committed",
        "wh.acked",
        "ww.claimed",
        "ww.mid_batch",
        "ww.committed",
        "ww.media_fetched",
        "ww.media_stored",
        "api.before_commit",
        "api.committed",
        "api.acked",
        "ow.leased",
        "ow.selected",
        "ow.rendered",
        "ow.sending_committed",
        "ow.partial_write",
        "ow.written",
        "ow.response_read",
        "ow.result_committed",
        "mw.leased",
        "mw.uploaded",
        "mw.id_committed",
        "rp.unknown_marked",
    }
)
"""Every failpoint there is, named after the actor (wh: webhook route, ww: webhook worker, and media worker with what
webhooks brought, api, ow: outbound worker, mw: media worker with uploads, rp: reconciliation) and what has just
happened."""


class FailpointsInvalid(Exception):
    """The variable cannot be understood, or may not be set here; the message says why."""


@dataclass(slots=True)
class _Failpoint:
    """What happens at the `left`-th pass from now."""

    action: str
    seconds: float
    left: int


_active: dict[str, _Failpoint] = {}


def fp(name: str) -> None:
    """Passes a failpoint. Blocks the whole process where a delay is set: that is what a stopped process looks like."""
    if _active:
        _pass(name)


def are_set() -> bool:
    """Whether any failpoint is set in this process."""
    return bool(_active)


def activate(text: str, *, environment: str) -> None:
    """Sets the failpoints of this process. Raises FailpointsInvalid."""
    if text and environment == "production":
        raise FailpointsInvalid(f"{VARIABLE} is set in production, where it is refused; unset it")
    _active.clear()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, what = part.partition("=")
        if name not in KNOWN:
            raise FailpointsInvalid(f"{VARIABLE} names {name!r}, which is no failpoint; correct it")
        _active[name] = _parse(what)


def _parse(what: str) -> _Failpoint:
    what, _, nth = what.partition("@")
    action, _, seconds = what.partition(":")
    try:
        parsed = _Failpoint(action, float(seconds or 0), int(nth or 1))
    except ValueError:
        parsed = _Failpoint("", 0, 1)
    if parsed.action not in ("kill", "stop", "sleep", "raise"):
        raise FailpointsInvalid(
            f"{VARIABLE} holds {what!r}; write kill, stop, raise or sleep:SECONDS, then @N for the Nth"
        )
    return parsed


class Tripped(Exception):
    """What the action `raise` raises."""


def _pass(name: str) -> None:
    point = _active.get(name)
    if point is None:
        return
    point.left -= 1
    if point.left != 0:
        return
    match point.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "sleep":
            time.sleep(point.seconds)
        case _:
            raise Tripped(name)
