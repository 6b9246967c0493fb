"""Nothing secret and no message reaches a log, whichever logger is used and however it is put in."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any, NoReturn
from uuid import UUID

import asyncpg
import pytest
import structlog
from pydantic import BaseModel, ValidationError

from server.core import log
from server.core.log import redact_text
from server.domain.errors import Refused

API_KEY = "treeex_live_" + "c4nary" * 10
META_TOKEN = "EAAG" + "c4nary" * 12
PASSWORD = "c4nary-password"
BODY = "c4nary: my knee hurts\nsince Monday"
CANARY = "c4nary"

Entries = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What is logged, at `debug` and as JSON unless a test sets it up again; free of canaries in the end."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers, root.level, structlog.get_config()
    stream = StringIO()
    set_up(stream, level="debug", log_format="json")
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configured)
    assert CANARY not in stream.getvalue()


def set_up(stream: StringIO, *, level: str, log_format: str) -> None:
    log.setup(level=level, log_format=log_format)
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)


@pytest.fixture
def entries(written: StringIO) -> Entries:
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def with_structlog(event: str, **facts: Any) -> None:
    structlog.get_logger("test").info(event, **facts)


def with_the_standard_library(event: str, **facts: Any) -> None:
    logging.getLogger("test").info("%s %s", event, facts)


BOTH = pytest.mark.parametrize("write", [with_structlog, with_the_standard_library])

TEXTS = [
    f"key {API_KEY} refused",
    f"token {META_TOKEN}.",
    f"Authorization: Bearer {CANARY}.x-y_z",
    f"authorization: bearer {CANARY}",
    f"postgresql://treeex:{PASSWORD}@db.example/treeex",
    f"redis://:{PASSWORD}@valkey.example:6379",
    f"postgresql://db.example/treeex?user=u&password={PASSWORD}&sslmode=require",
    f"GET /v26.0/debug_token?input_token={CANARY}&access_token={CANARY} HTTP/1.1",
    f"GET /webhooks/whatsapp/main?hub.verify_token={CANARY}&hub.challenge=1",
    f"POST /oauth/access_token?client_secret={CANARY}",
]


@pytest.mark.proves("G21", "S7")
@BOTH
@pytest.mark.parametrize("text", TEXTS)
def test_secrets_inside_a_text_are_masked(entries: Entries, write: Callable[..., None], text: str) -> None:
    write(text, note=text)
    (entry,) = entries()
    assert "***" in entry["event"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_stands_around_a_secret_is_kept(text: str) -> None:
    masked = redact_text(text)
    assert masked.split("***")[0] == text[: len(masked.split("***")[0])]
    assert len(masked.split("***")[0]) > 3


@pytest.mark.parametrize(
    "text",
    [
        "number_paused",
        "EASY AS PIE",
        "http://localhost:8080/v1/messages",
        "the token was refused",
        "treeex_outbound_seconds",
        "10:20:30 a@b",
    ],
)
def test_innocent_texts_stay(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.proves("G21", "S7")
@pytest.mark.parametrize(
    "key",
    [
        *("token", "access_token", "app_secret", "verify_token", "password", "passwd", "authorization", "cookie"),
        *("api_key", "apikey", "keyring", "signature", "x_hub_signature_256", "dsn", "database_url", "valkey_url"),
        *("body", "content", "text", "payload", "Body", "TEXT"),
    ],
)
def test_values_are_masked_by_the_name_of_their_key(entries: Entries, key: str) -> None:
    with_structlog("happened", **{key: BODY}, deeper={"list": [{key: [BODY]}]})
    (entry,) = entries()
    assert entry[key] == "***"
    assert entry["deeper"] == {"list": [{key: "***"}]}


@pytest.mark.proves("G21", "S7")
def test_secrets_are_masked_at_any_depth_and_in_any_kind_of_value(entries: Entries) -> None:
    class Holder:
        def __repr__(self) -> str:
            return f"Holder({API_KEY})"

    with_structlog("happened", a={"b": [META_TOKEN, (API_KEY,)]}, c=Holder(), d=API_KEY.encode(), e={API_KEY})
    (entry,) = entries()
    assert entry["a"] == {"b": ["***", ["***"]]}
    assert entry["c"] == "Holder(***)"


def test_facts_stay_what_they_are(entries: Entries) -> None:
    number = UUID(int=7)
    with_structlog("happened", count=3, share=0.5, number_id=number, api_key_id=number, done=True, none=None)
    (entry,) = entries()
    assert (entry["count"], entry["share"], entry["done"], entry["none"]) == (3, 0.5, True, None)
    assert entry["number_id"] == entry["api_key_id"] == str(number)
    assert (entry["event"], entry["level"], entry["logger"]) == ("happened", "info", "test")
    assert entry["timestamp"].endswith("Z")


def fail(failure: Exception, cause: Exception | None = None) -> NoReturn:
    raise failure from cause


def raised(failure: Exception, cause: Exception | None = None) -> Exception:
    """With a traceback, as an exception has that was caught."""
    try:
        fail(failure, cause)
    except Exception as caught:
        return caught


def chained() -> Exception:
    return raised(RuntimeError("while it was stored"), raised(KeyError(BODY)))


class Shape(BaseModel):
    text: int


def invalid() -> Exception:
    try:
        Shape.model_validate({"text": BODY})
    except ValidationError as caught:
        return caught
    raise AssertionError


def row_refused() -> Exception:
    failure = asyncpg.NotNullViolationError('null value in column "type" of relation "messages"')
    failure.detail = f"Failing row contains (1, {BODY})."
    return raised(failure)


FAILURES = [
    pytest.param(lambda: raised(ValueError(BODY)), "ValueError: (its words may quote a message)", id="value"),
    pytest.param(lambda: raised(KeyError(BODY)), "KeyError: (its words may quote a message)", id="key"),
    pytest.param(invalid, "ValidationError: (its words may quote a message)", id="pydantic"),
    pytest.param(
        lambda: raised(UnicodeEncodeError("ascii", BODY, 0, 1, "no")), "UnicodeEncodeError: (its words", id="unicode"
    ),
    pytest.param(
        lambda: raised(asyncpg.DataError(f"invalid input for query argument $1: {BODY!r}")),
        "asyncpg.exceptions.DataError: (its words may quote a message)",
        id="argument",
    ),
    pytest.param(row_refused, 'NotNullViolationError: null value in column "type" of relation "messages"', id="row"),
    pytest.param(lambda: raised(OSError(f"no way to ://u:{PASSWORD}@db")), "OSError: no way to ://***@db", id="os"),
    pytest.param(
        lambda: raised(RuntimeError(f"refused {API_KEY}")), "RuntimeError: refused ***", id="key in a runtime error"
    ),
    pytest.param(lambda: raised(Refused("window_closed")), "The customer service window is closed", id="ours"),
    pytest.param(chained, "which led to:", id="chain"),
    pytest.param(
        lambda: raised(ExceptionGroup("two", [raised(ValueError(BODY)), raised(OSError("away"))])),
        "part 2 of a group:",
        id="group",
    ),
]


@pytest.mark.proves("G21", "S7")
@pytest.mark.parametrize(("make", "told"), FAILURES)
def test_an_exception_is_told_without_what_it_may_quote(
    entries: Entries, make: Callable[[], Exception], told: str
) -> None:
    failure = make()
    structlog.get_logger("test").error("step_failed", exc_info=failure)
    logging.getLogger("test").error("step failed", exc_info=failure)
    with_structlog("step_failed", error=failure)
    with_structlog("step_failed", errors=[failure])
    first, second, third, _ = entries()
    assert told in first["exception"]
    assert first["exception"] == second["exception"]
    assert "test_log.py" in first["exception"]
    assert type(failure).__name__ in third["error"]


def test_a_chain_tells_the_cause_first(entries: Entries) -> None:
    structlog.get_logger("test").error("step_failed", exc_info=chained())
    (entry,) = entries()
    told = entry["exception"]
    assert told.index("KeyError") < told.index("which led to:") < told.index("RuntimeError: while it was stored")


def test_an_exception_that_causes_itself_ends(entries: Entries) -> None:
    one, other = OSError("one"), OSError("other")
    one.__cause__, other.__cause__ = other, one
    structlog.get_logger("test").error("step_failed", exc_info=one)
    assert "OSError: one" in entries()[0]["exception"]


@pytest.mark.proves("G21", "S7")
async def test_a_task_whose_failure_nobody_asked_for_is_told_without_its_words(entries: Entries) -> None:
    async def fails() -> None:
        raise ValueError(BODY)

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": task.exception(), "future": task}
    )
    (entry,) = [entry for entry in entries() if entry["level"] == "error"]
    assert entry["logger"] == "asyncio"
    assert "exception=***>" in entry["event"]
    assert "ValueError: (its words may quote a message)" in entry["exception"]


@pytest.mark.proves("G21", "S7")
@pytest.mark.parametrize("name", ["aiohttp.client", "asyncpg", "sqlalchemy.engine", "alembic", "uvicorn.access"])
def test_chatty_libraries_are_quiet_even_at_debug(entries: Entries, name: str) -> None:
    logging.getLogger(name).info(BODY)
    logging.getLogger(name).debug(BODY)
    assert entries() == []


def test_the_text_form_is_redacted_too(written: StringIO) -> None:
    set_up(written, level="info", log_format="text")
    with_structlog("happened", token=CANARY, note=API_KEY)
    structlog.get_logger("test").error("step_failed", exc_info=raised(ValueError(BODY)))
    logging.getLogger("test").debug("not at this level")
    text = written.getvalue()
    assert "happened" in text
    assert "ValueError: (its words may quote a message)" in text
    assert "not at this level" not in text


@pytest.mark.proves("G21", "S7")
def test_an_entry_that_cannot_be_written_is_named_and_not_shown(
    entries: Entries, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(BODY)

    with_structlog("happened", note=Broken(), other=API_KEY)
    ours = logging.getLogger().handlers[0]  # the others are those of pytest, which raise
    ours.handle(logging.LogRecord("ours", logging.INFO, "", 0, "%d", (BODY,), None))
    assert [entry["event"] for entry in entries()] == ["log_entry_lost", "log_entry_lost"]
    assert [entry["logger"] for entry in entries()] == ["test", "ours"]
    assert CANARY not in capsys.readouterr().err
