"""Settings: where they come from, and what is said when one is wrong."""

import re
import tomllib
from pathlib import Path

import pytest

from server.core import config
from server.core.config import Settings, SettingsInvalid

DEFAULTS = Settings.model_validate({})
SECRETS = {
    "TREEEX_DATABASE_URL": "postgresql://api:canary-pw@db.example/treeex",
    "TREEEX_WORKER_DATABASE_URL": "postgresql://worker:canary-pw@db.example/treeex",
    "TREEEX_ADMIN_DATABASE_URL": "postgresql://owner:canary-pw@db.example/treeex",
    "TREEEX_VALKEY_URL": "redis://:canary-pw@valkey.example:6379",
    "TREEEX_KEYRING": '{"current": "canary-pw"}',
}


def file(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "treeex.toml"
    path.write_text(text, "utf-8")
    return {"TREEEX_CONFIG": str(path)}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        config.load(environ)
    return caught.value.problems


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No treeex.toml of this checkout is read."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)


def test_without_anything_the_defaults_hold() -> None:
    assert config.load({}) == DEFAULTS


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    environ = file(tmp_path, 'port = 1001\nhost = "192.0.2.1"')
    settings = config.load({**environ, "TREEEX_PORT": "1002"})
    assert (settings.port, settings.host, settings.simulator_port) == (1002, "192.0.2.1", DEFAULTS.simulator_port)


def test_the_file_of_the_current_folder_is_read() -> None:
    Path("treeex.toml").write_text("port = 1003")
    assert config.load({}).port == 1003


@pytest.mark.parametrize("environ", [{"TREEEX_DATA_DIR": ""}, {"PATH": "/bin", "TREEEXPORT": "1"}])
def test_empty_variables_and_those_of_others_are_no_settings(environ: dict[str, str]) -> None:
    assert config.load(environ) == DEFAULTS


@pytest.mark.parametrize("name", sorted(config.NOT_SETTINGS))
def test_variables_that_are_no_settings_are_known(name: str, tmp_path: Path) -> None:
    value = file(tmp_path, "")["TREEEX_CONFIG"] if name == config.FILE_VARIABLE else "1"
    assert config.load({name: value}) == DEFAULTS


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    assert problems({"TREEEX_DATABSE_URL": "x"}) == [
        "TREEEX_DATABSE_URL is no setting; did you mean TREEEX_DATABASE_URL?"
    ]


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (problem,) = problems(file(tmp_path, "prot = 1"))
    assert problem.startswith("`prot` in ")
    assert problem.endswith("treeex.toml is no setting; did you mean port?")


def test_a_name_near_to_none_points_to_the_list() -> None:
    (problem,) = problems({"TREEEX_QQQQQQQQ": "1"})
    assert problem == "TREEEX_QQQQQQQQ is no setting; `treeex config --default` lists all of them"


def test_all_unknown_names_are_told_at_once(tmp_path: Path) -> None:
    found = problems({**file(tmp_path, "prot = 1\n[table]\na = 1"), "TREEEX_HOTS": "x"})
    assert [problem.split()[0] for problem in found] == ["TREEEX_HOTS", "`prot`", "`table`"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "seventy"),
        ("port", "70000"),
        ("environment", "staging"),
        ("log_level", "loud"),
        ("graph_url", "graph.example"),
        ("graph_version", "26"),
        ("send_timeout_s", "0"),
        ("send_timeout_s", "nan"),
        ("pool_size", "0"),
        ("request_max_bytes", "12"),
    ],
)
def test_an_invalid_value_gets_one_line_with_its_name_and_what_it_is_for(name: str, value: str) -> None:
    variable = f"TREEEX_{name.upper()}"
    (problem,) = problems({variable: value})
    assert problem.startswith(f"{variable} is not valid: ")
    assert problem.endswith(str(Settings.model_fields[name].description))
    assert "\n" not in problem


def test_every_invalid_value_is_told_at_once(tmp_path: Path) -> None:
    found = problems({**file(tmp_path, "pool_size = 0"), "TREEEX_PORT": "x"})
    assert len(found) == 2
    assert any(problem.startswith("`pool_size` in ") for problem in found)
    assert any(problem.startswith("TREEEX_PORT ") for problem in found)


def test_a_secret_of_a_wrong_type_is_not_repeated(tmp_path: Path) -> None:
    (problem,) = problems(file(tmp_path, 'database_url = ["canary-pw"]'))
    assert "canary-pw" not in problem


def test_a_file_that_is_named_and_missing(tmp_path: Path) -> None:
    missing = tmp_path / "no.toml"
    (problem,) = problems({"TREEEX_CONFIG": str(missing)})
    assert problem == (
        f"TREEEX_CONFIG names {missing}, which does not exist; create it with `treeex config --default > {missing}`"
    )


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"port = 1\nport = 2"])
def test_a_file_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "treeex.toml"
    path.write_bytes(content)
    (problem,) = problems({"TREEEX_CONFIG": str(path)})
    assert problem.startswith(f"{path} cannot be read: ")
    assert problem.endswith("; correct or remove it")


def test_the_default_file_holds_every_setting_with_its_description() -> None:
    lines = config.default_file().splitlines()
    assert all(line == "" or line.startswith("# ") for line in lines)
    for name, field in Settings.model_fields.items():
        assert field.description
        place = next(number for number, line in enumerate(lines) if line.startswith(f"# {name} = "))
        assert lines[place - 1] == f"# {field.description}"


def test_the_default_file_uncommented_means_the_defaults(tmp_path: Path) -> None:
    text = re.sub(r"^# (?=\w+ = )", "", config.default_file(), flags=re.MULTILINE)
    assert set(tomllib.loads(text)) == set(Settings.model_fields)
    assert config.load(file(tmp_path, text)) == DEFAULTS


def test_the_default_file_as_it_is_means_the_defaults(tmp_path: Path) -> None:
    assert config.load(file(tmp_path, config.default_file())) == DEFAULTS


def test_secrets_are_masked_and_the_rest_is_plain() -> None:
    settings = config.load({**SECRETS, "TREEEX_DATA_DIR": "/srv/treeex", "TREEEX_PORT": "1004"})
    shown = config.masked(settings)
    assert set(shown) == set(Settings.model_fields)
    assert {shown[name.removeprefix("TREEEX_").lower()] for name in SECRETS} == {"***"}
    assert (shown["data_dir"], shown["port"]) == ("/srv/treeex", 1004)
    assert "canary-pw" not in f"{shown}{settings!r}{settings}"


def test_a_secret_that_is_not_set_is_shown_as_not_set() -> None:
    assert config.masked(DEFAULTS)["database_url"] is None
