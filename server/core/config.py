"""Settings: from `TREEEX_…` variables, then from the file `treeex.toml`, then the defaults below.

The descriptions here are the manual: `treeex config --default` prints them as a commented file. A key that nobody
knows is refused with the nearest known one.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from server.core import failpoints

PREFIX = "TREEEX_"
FILE_VARIABLE = "TREEEX_CONFIG"
NOT_SETTINGS = {
    failpoints.VARIABLE: "where tests kill, stop or delay a process; refused in production",
    FILE_VARIABLE: "the path of the configuration file",
    "TREEEX_PYTHON": "the Python that ./treeex makes its environment with",
    "TREEEX_PARENT_PID": "set by `treeex up` for its children",
    "TREEEX_META_REFERENCE": "where conformance tests find Meta's OpenAPI and sample payloads",
}

Url = SecretStr
"""A URL may carry a password."""


class SettingsInvalid(Exception):
    """One sentence a problem: which setting, what is wrong, how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseModel):
    """Every setting of every role."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    environment: Literal["development", "production"] = Field(
        "development", description="`production` refuses unsafe settings at start."
    )
    data_dir: Path | None = Field(
        None,
        description="Where the embedded servers and local media live. Default: /var/lib/treeex for root, ~/.local/share/treeex for others.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least level that is logged."
    )
    log_format: Literal["json", "text"] = Field("json", description="`json` for machines, `text` for a terminal.")

    database_url: Url | None = Field(
        None,
        description="PostgreSQL 16 or later for the API, as a member of role treeex_api: postgresql://user:password@host/database. Unset: the embedded server.",
    )
    worker_database_url: Url | None = Field(
        None, description="The same database for the workers, as a member of role treeex_worker."
    )
    admin_database_url: Url | None = Field(
        None, description="The same database for `treeex migrate`, as the owner of the schema."
    )
    valkey_url: Url | None = Field(
        None,
        description="Valkey or Redis 7 or later: redis://host:6379 or unix:///path. It needs no persistence. Unset: the embedded server.",
    )
    keyring_file: Path | None = Field(
        None,
        description="The file with the key-encryption keys, as `treeex keyring` prints one. Unset: keyring.json in the data directory, made at the first `treeex up`.",
    )
    keyring: SecretStr | None = Field(
        None,
        description="The text of a keyring file, for environments that pass secrets as variables. Wins over keyring_file.",
    )

    storage_url: Url | None = Field(
        None,
        description="Where files are kept, those for sending and those that people send: file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix, with the credentials in the variables that the cloud's own tools read. API and media workers need the same. Unset: the folder media in the data directory.",
    )

    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="Where customers reach the API from outside, such as https://wa.example.com; links to files begin with it. Unset: the address that a request names.",
    )
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="The port of the API; 0 takes a free one.")
    simulator_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8081, description="The port of the simulator in `treeex up`; 0 takes a free one."
    )
    request_max_bytes: Annotated[int, Field(ge=1024)] = Field(
        1_048_576, description="The largest body of an API request."
    )
    batch_max_bytes: Annotated[int, Field(ge=1024)] = Field(
        8_388_608, description="The largest body of a request with many messages."
    )
    webhook_max_bytes: Annotated[int, Field(ge=1024)] = Field(
        4_194_304, description="The largest webhook body. Meta sends up to 3 MB."
    )
    webhook_commit_timeout_s: Annotated[float, Field(gt=0)] = Field(
        2.0,
        description="A webhook that is not committed within this time is answered 503, and Meta keeps it.",
    )

    graph_url: str = Field(
        "https://graph.facebook.com",
        description="Meta's Graph API, or the simulator.",
        pattern=r"^https?://[^\s]+$",
    )
    graph_version: str = Field("v26.0", description="The version of the Graph API.", pattern=r"^v\d+\.\d+$")
    send_timeout_s: Annotated[float, Field(gt=0)] = Field(
        30.0, description="How long an answer to a send is waited for. After it the outcome is unknown."
    )
    rescue_margin_s: Annotated[float, Field(gt=0)] = Field(
        10.0, description="A message still `sending` this long after send_timeout_s is moved to `unknown`."
    )
    reconcile_window_s: Annotated[float, Field(gt=0)] = Field(
        900.0, description="How long a status may take to resolve an `unknown` message before its policy decides."
    )
    sends_in_flight: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1000, description="Sends that one outbound worker may have on the wire."
    )
    grant_to_wire_ms: Annotated[int, Field(ge=10, le=5000)] = Field(
        100,
        description="The first byte of a send leaves at most this long after its budget was spent, or the message goes back. Above 100 a number may exceed Meta's rate for moments.",
    )
    webhook_lease_s: Annotated[float, Field(gt=0)] = Field(
        5.0, description="A webhook whose worker died is taken up again after this time."
    )
    webhook_batch: Annotated[int, Field(ge=1, le=5000)] = Field(
        400,
        description="Webhook bodies that are applied in one transaction. If one of them ends the worker, the others are "
        "applied one by one, within ten seconds.",
    )
    webhook_retention_days: Annotated[int, Field(ge=8, le=36_500)] = Field(
        90,
        description="How long raw webhook bodies are kept, for `treeex webhook replay` and `reprocess`; whole weeks go at a time. Meta repeats a webhook for seven days.",
    )
    consent_languages: str = Field(
        "all",
        description="The languages whose words for stopping and restarting marketing count, such as `en, de`; `all` or `none`. docs/webhooks.md lists the languages.",
        pattern=r"^(all|none|[a-z]{2}(\s*,\s*[a-z]{2})*)$",
    )
    consent_stop_words: str = Field(
        "", description="More words, with commas between, by which people stop marketing when they write nothing else."
    )
    consent_start_words: str = Field("", description="The same for those by which people restart it.")
    media_upload_timeout_s: Annotated[float, Field(gt=0)] = Field(
        300.0, description="How long giving a file to Meta may take. After it the upload is tried again."
    )
    media_download_timeout_s: Annotated[float, Field(gt=0)] = Field(
        300.0,
        description="How long fetching a file that somebody sent may take. After it, or when it comes too slowly, it is tried again.",
    )
    inbound_image_max_mb: Annotated[int, Field(ge=1, le=2048)] = Field(
        100,
        description="The largest image that is fetched when somebody sends it; a larger one is a dead letter. Meta passes on nothing above 100 MB.",
    )
    inbound_audio_max_mb: Annotated[int, Field(ge=1, le=2048)] = Field(100, description="The same for audio.")
    inbound_video_max_mb: Annotated[int, Field(ge=1, le=2048)] = Field(100, description="The same for videos.")
    inbound_document_max_mb: Annotated[int, Field(ge=1, le=2048)] = Field(100, description="The same for documents.")
    inbound_sticker_max_mb: Annotated[int, Field(ge=1, le=2048)] = Field(100, description="The same for stickers.")
    drain_timeout_s: Annotated[float, Field(gt=0)] = Field(
        20.0, description="How long a stopping worker waits for what is on the wire."
    )

    pool_size: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="Database connections of a process, for each of its two pools."
    )
    statement_timeout_ms: Annotated[int, Field(ge=100)] = Field(
        5000, description="The longest statement of the API; workers get six times as much."
    )
    idle_in_transaction_timeout_ms: Annotated[int, Field(ge=100)] = Field(
        5000, description="A transaction left idle this long is ended by the server."
    )


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads variables and file, where an empty text is as good as none. Raises SettingsInvalid with every problem."""
    environ = os.environ if environ is None else environ
    from_file, where = _read_file(environ)
    from_variables = {
        name[len(PREFIX) :].lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and value != ""
    }
    problems = [
        _unknown(f"{PREFIX}{key.upper()}", key, variable=True)
        for key in from_variables
        if key not in Settings.model_fields
    ]
    problems += [
        _unknown(f"`{key}` in {where}", key, variable=False) for key in from_file if key not in Settings.model_fields
    ]
    if problems:
        raise SettingsInvalid(problems)
    given = {key: value for key, value in from_file.items() if value != ""}
    try:
        return Settings.model_validate({**given, **from_variables})
    except ValidationError as invalid:
        raise SettingsInvalid([_invalid(error, from_variables, where) for error in invalid.errors()]) from None


def default_file() -> str:
    """A configuration file with every setting, its description and its default, all commented out."""
    lines = ["# Settings of TREEEX-WBSP. Each can also be given as a variable: port -> TREEEX_PORT."]
    for name, field in Settings.model_fields.items():
        lines += ["", f"# {field.description}", f"# {name} = {_toml(field.default)}"]
    return "\n".join(lines) + "\n"


def masked(settings: Settings) -> dict[str, Any]:
    """The effective settings, secrets masked."""
    return {name: _masked(value) for name, value in settings}


def _masked(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "***"
    return str(value) if isinstance(value, Path) else value


def _read_file(environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    named = environ.get(FILE_VARIABLE)
    path = Path(named or "treeex.toml")
    try:
        return tomllib.loads(path.read_text("utf-8")), str(path)
    except FileNotFoundError:
        if named:
            raise SettingsInvalid(
                [
                    f"{FILE_VARIABLE} names {path}, which does not exist; create it with `treeex config --default > {path}`"
                ]
            ) from None
        return {}, str(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid([f"{path} cannot be read: {error}; correct or remove it"]) from None


def _unknown(shown: str, key: str, *, variable: bool) -> str:
    near = difflib.get_close_matches(key, Settings.model_fields, n=1, cutoff=0.5)
    if not near:
        return f"{shown} is no setting; `treeex config --default` lists all of them"
    return f"{shown} is no setting; did you mean {PREFIX + near[0].upper() if variable else near[0]}?"


def _invalid(error: Any, from_variables: Mapping[str, Any], where: str) -> str:
    key = str(error["loc"][0])
    shown = PREFIX + key.upper() if key in from_variables else f"`{key}` in {where}"
    description = Settings.model_fields[key].description
    return f"{shown} is not valid: {error['msg'].lower()}. {description}"


def _toml(value: Any) -> str:
    if value is None:
        return '""'
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)
