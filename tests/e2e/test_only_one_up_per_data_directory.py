"""A second `treeex up` on the same data directory says who has it, and disturbs nothing."""

import re

import pytest

from server.cli.up.local_http import answers_well
from tests.e2e.running_up import run_command, running_up, short_data_dir


@pytest.mark.long
def test_only_one_up_per_data_directory() -> None:
    with short_data_dir() as data_dir, running_up(data_dir) as up:
        second = run_command("up", "--data-dir", str(data_dir), "--port", "0")
        assert second.returncode == 7
        assert second.stdout == ""
        assert re.fullmatch(
            rf"treeex: `treeex up` already runs on {data_dir} \(process {up.pid}\) at {up.api_url}; .*--data-dir\n",
            second.stderr,
        )
        assert up.running()
        assert answers_well(f"{up.api_url}/readyz")
        assert (data_dir / "running.json").exists()
