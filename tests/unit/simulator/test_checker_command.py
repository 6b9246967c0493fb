"""`python -m simulator.checker`: exit status, report, JSON, and input that it cannot use."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from simulator.checker.command import main
from tests.unit.simulator.histories import History, delivered, message_id


@pytest.fixture
def files(tmp_path):
    """Writes a history and returns the arguments that judge it."""

    def written(history: History) -> list[str]:
        ledger, observed = tmp_path / "ledger.jsonl", tmp_path / "observed.json"
        ledger.write_text("".join(json.dumps(entry) + "\n" for entry in history.entries))
        observed.write_bytes(msgspec.json.encode(history.observed()))
        return ["--ledger", str(ledger), "--observed", str(observed)]

    return written


@pytest.fixture
def history() -> History:
    made = History()
    delivered(made, 1)
    return made


def test_a_clean_run_exits_0(history, files, capsys):
    assert main(files(history)) == 0
    out = capsys.readouterr().out
    assert out.endswith("clean\n")
    assert re.search(r"^5 entries of the ledger judged in \d+\.\d s$", out, re.MULTILINE)
    assert "accepted 1, processed 1" in out


def test_findings_exit_1_and_are_named(history, files, capsys):
    history.send(1, 2)
    history.send(2)
    history.show(2, "failed")
    for n in range(10, 22):
        history.show(n, "queued")
    assert main(files(history)) == 1
    out = capsys.readouterr().out
    assert f"duplicated: 1\n  {message_id(1)} (2)\n" in out
    assert f"lied: 1\n  {message_id(2)} (shown as failed, but Meta processed it" in out
    assert "stuck: 12\n" in out
    assert out.count("…") == 2
    assert out.endswith("not clean\n")


def test_limits_are_looked_at_when_they_are_given(history, files, capsys, tmp_path):
    limits = tmp_path / "limits.json"
    limits.write_text('{"mps": 1}')
    for _ in range(2):
        history.add("refused", phone_number_id="300000000000003", code=130429)
        history.entries[-1]["at"] = 1_790_000_500.0
    assert main(files(history)) == 0
    assert main([*files(history), "--limits", str(limits)]) == 1
    assert "over number rate: 1\n  300000000000003 (2)\n" in capsys.readouterr().out
    limits.write_text("[]")
    assert "the limits cannot be used" in refusal([*files(history), "--limits", str(limits)], capsys)
    assert "give another --limits" in refusal([*files(history), "--limits", str(tmp_path / "none")], capsys)


def test_json(history, files, capsys):
    history.show(2, "queued")
    assert main([*files(history), "--json"]) == 1
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["ok"], verdict["stuck"]) == (False, [message_id(2)])


def test_a_half_written_last_line_is_left_out(history, files, capsys):
    arguments = files(history)
    with Path(arguments[1]).open("a") as ledger:
        ledger.write('{"kind":"send"')
    assert main(arguments) == 0


BAD_LEDGERS = [
    ("nonsense\n", "line 1 of .* is no ledger entry"),
    ('{"seq":1}\n', "line 1 of .* is no ledger entry"),
    ('{"kind":"send"}\n', "has no 'wamid'"),
]


def refusal(arguments: list[str], capsys) -> str:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("checker: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(("content", "words"), BAD_LEDGERS)
def test_a_file_that_is_no_ledger_is_refused(history, files, capsys, content, words):
    arguments = files(history)
    Path(arguments[1]).write_text(content)
    assert re.search(words, refusal(arguments, capsys))


def test_missing_files_are_refused(history, files, capsys, tmp_path):
    arguments = files(history)
    nowhere = str(tmp_path / "none")
    assert "give another --ledger" in refusal(["--ledger", nowhere, *arguments[2:]], capsys)
    assert "give another --observed" in refusal([*arguments[:2], "--observed", nowhere], capsys)


def test_an_observation_of_another_shape_is_refused(history, files, capsys):
    arguments = files(history)
    Path(arguments[3]).write_text('{"messages":[{"id":"x","accepted":true,"state":"gone"}]}')
    assert "$.messages[0].state" in refusal(arguments, capsys)
