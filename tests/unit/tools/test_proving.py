"""`pytest --proves` runs what proves an item, and wrong markers are refused before anything runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAMPLE = """
import pytest

@pytest.mark.proves("G7", "C12")
def test_two():
    pass

@pytest.mark.parametrize("where", [pytest.param(1, marks=pytest.mark.proves("K1")), 2])
def test_one_of_two_parameters(where):
    pass

@pytest.mark.proves("G9")
class TestGroup:
    @pytest.mark.proves("K1")
    def test_inside(self):
        pass

def test_of_nothing():
    pass
"""


@pytest.fixture
def run(tmp_path: Path):
    """Collects a module of tests with the plugin; what pytest says, and its exit status."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  proves(*items): x\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.proving"]\n')

    def collect(module: str, *options: str) -> tuple[int, list[str]]:
        (tmp_path / "test_sample.py").write_text(module)
        command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *options, tmp_path]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=_environment())
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return collect


def _environment() -> dict[str, str]:
    # Of all plugins it is this one that is looked at; importing the others takes longer than the test.
    return {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def named(lines: list[str]) -> list[str]:
    return [line.rpartition("::")[2] for line in lines if "::" in line]


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ([], ["test_two", "test_one_of_two_parameters[1]", "test_one_of_two_parameters[2]", "test_inside"]),
        (["--proves", "C12"], ["test_two"]),
        (["--proves", "k1"], ["test_one_of_two_parameters[1]", "test_inside"]),
        (["--proves", "G7", "--proves", "G9"], ["test_two", "test_inside"]),
    ],
)
def test_it_runs_what_proves_one_of_the_items(run, options: list[str], chosen: list[str]) -> None:
    status, lines = run(SAMPLE, *options)
    assert status == 0
    assert named(lines) == (chosen if options else [*chosen, "test_of_nothing"])


@pytest.mark.parametrize("item", ["K34", ""])
def test_an_item_that_does_not_exist_cannot_be_asked_for(run, item: str) -> None:
    status, lines = run(SAMPLE, "--proves", item)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert any("items are G1 to G28" in line for line in lines)


@pytest.mark.parametrize("marker", ["proves", "proves('G1', 'G29')", "proves('G1', why='x')"])
def test_a_wrong_marker_is_refused_with_its_place(run, marker: str) -> None:
    status, lines = run(f"import pytest\n\n@pytest.mark.{marker}\ndef test_it():\n    pass\n")
    assert status == pytest.ExitCode.INTERRUPTED
    assert any("test_sample.py::test_it: the marker proves names" in line for line in lines)


def test_a_file_without_markers_is_not_even_imported_when_proofs_are_asked_for(run) -> None:
    status, _ = run("raise RuntimeError", "--proves", "G1")
    assert status == pytest.ExitCode.NO_TESTS_COLLECTED
    status, _ = run("raise RuntimeError")
    assert status == pytest.ExitCode.INTERRUPTED


def test_a_marker_from_another_file_is_refused(run, tmp_path: Path) -> None:
    (tmp_path / "marks.py").write_text("import pytest\n\nHERE = pytest.mark.proves('G1')\n")
    status, lines = run("from marks import HERE\n\n@HERE\ndef test_it():\n    pass\n")
    assert status == pytest.ExitCode.INTERRUPTED
    assert any("stands in another file; write it beside the test" in line for line in lines)
