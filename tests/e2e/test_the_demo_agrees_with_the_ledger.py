"""`treeex demo --json` as a program would call it."""

import json

import pytest

from tests.e2e.running_up import Up, processes_of, run_command, short_data_dir


@pytest.mark.long  # CI runs the demo itself as well
@pytest.mark.proves("G7", "G8", "C12")
def test_the_demo_agrees_with_the_ledger() -> None:
    with short_data_dir() as folder:
        # Whatever is set for the user's own installation is not for the demo.
        done = run_command("demo", "--json", settings={"port": 1, "graph_url": "http://127.0.0.1:9"}, tmpdir=folder)
        assert done.returncode == 0, done.stderr
        assert [path.name for path in folder.iterdir()] == []
        assert processes_of(folder) == {}
    [line] = done.stdout.splitlines()
    told = json.loads(line)
    assert told.pop("seconds") > 0
    assert told == {
        "accepted": 200,
        "sent": 200,
        "delivered": 194,  # Meta tells no more of three reactions and three pins than that they were sent
        "read": 194,
        "replies": 106,  # three people edit theirs, and three delete it
        "files": 21,
        "lost": 0,
        "duplicated": 0,
        "held": 0,
        "types": {"out": 34, "in": 21},
        "cut": {"after": 8, "settled_by_status": 8, "before": 4, "sent_again": 4},
    }


@pytest.mark.long
def test_ctrl_c_leaves_nothing_of_a_demo() -> None:
    with short_data_dir() as folder:
        demo = Up(folder, command="demo")
        try:
            demo.until(lambda: "people write" in demo.said)
            assert [path.name for path in folder.glob("treeex-demo-*")] != []
            demo.press_ctrl_c()
            assert demo.wait_gone() == 130
            assert processes_of(folder) == {}
            assert [path.name for path in folder.glob("treeex-demo-*")] == []
            assert "Traceback" not in demo.said
        finally:
            demo.end()


@pytest.mark.long
def test_a_folder_with_something_in_it_is_left_alone() -> None:
    with short_data_dir() as folder:
        (folder / "letter").write_text("dear")
        done = run_command("demo", "--data-dir", str(folder))
        assert done.returncode != 0
        assert done.stderr == (
            f"treeex: {folder} is not an empty folder; the demo starts afresh, so give it one with --data-dir\n"
        )
        assert [path.name for path in folder.iterdir()] == ["letter"]
        assert processes_of(folder) == {}
