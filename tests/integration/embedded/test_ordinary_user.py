"""An ordinary user gets the same servers as root, straight from the wheels."""

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PYTHONS = (sys.executable, "/usr/bin/python3")
ROUND = """
import os, psutil
from server.embedded import EmbeddedPostgres, EmbeddedValkey, default_data_dir
data_dir = default_data_dir()
for turn in range(2):
    valkey, postgres = EmbeddedValkey.start(data_dir), EmbeddedPostgres.start(data_dir)
    assert valkey.alive() and postgres.alive()
    print(os.geteuid(), psutil.Process(postgres.pid).uids().real, data_dir)
    postgres.stop()
    valkey.stop()
"""
Run = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def home(empty_dir: Path) -> Path:
    user = pwd.getpwnam("nobody")
    home = empty_dir / "home"
    home.mkdir()
    os.chown(home, user.pw_uid, user.pw_gid)
    return home


@pytest.fixture
def as_ordinary_user(home: Path) -> Run:
    user = pwd.getpwnam("nobody")
    psutil = find_spec("psutil")
    assert psutil is not None
    assert psutil.origin is not None
    packages = os.pathsep.join([str(REPOSITORY), str(Path(psutil.origin).parents[1])])
    environment = {"HOME": str(home), "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(python: str, code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-c", code],
            env=environment,
            cwd="/",
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture
def reachable_python(as_ordinary_user: Run) -> str:
    for python in PYTHONS:
        try:
            if as_ordinary_user(python, "import psutil, server.embedded").returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip("no Python with the packages can be reached by an ordinary user here")


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_user_runs_both_from_the_wheels(as_ordinary_user: Run, reachable_python: str, home: Path) -> None:
    done = as_ordinary_user(reachable_python, ROUND)
    assert done.stderr == ""
    user, data_dir = pwd.getpwnam("nobody").pw_uid, home / ".local" / "share" / "treeex"
    assert done.stdout.splitlines() == [f"{user} {user} {data_dir}"] * 2
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert not (data_dir / "programs").exists()
