"""Failpoints do nothing unless set, and exactly what was set at exactly the pass that was named."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from server.core import failpoints
from server.core.failpoints import FailpointsInvalid, Tripped, activate, fp


@pytest.fixture(autouse=True)
def off_again() -> Iterator[None]:
    yield
    activate("", environment="development")


def test_nothing_happens_unless_it_is_set() -> None:
    activate("api.committed=raise", environment="development")
    for name in failpoints.KNOWN - {"api.committed"}:
        fp(name)


def test_it_trips_at_the_named_pass_and_only_there() -> None:
    activate("ow.leased=raise@3", environment="development")
    fp("ow.leased")
    fp("ow.leased")
    with pytest.raises(Tripped, match=r"^ow\.leased$"):
        fp("ow.leased")
    fp("ow.leased")


def test_kill_ends_the_process_without_a_word() -> None:
    script = (
        "from server.core.failpoints import activate, fp\n"
        "activate('wh.acked=kill', environment='development')\n"
        "try:\n    fp('wh.acked')\nfinally:\n    print('alive')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == -9
    assert ended.stdout == ""


@pytest.mark.parametrize("text", ["ow.nowhere=kill", "ow.leased=explode", "ow.leased=kill@x", "ow.leased"])
def test_what_cannot_be_understood_is_refused(text: str) -> None:
    with pytest.raises(FailpointsInvalid, match="TREEEX_FAILPOINTS"):
        activate(text, environment="development")


@pytest.mark.proves("S17")
def test_production_refuses_failpoints() -> None:
    with pytest.raises(FailpointsInvalid, match="production"):
        activate("ow.leased=kill", environment="production")
    activate("", environment="production")
