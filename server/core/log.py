"""Logs: one JSON object a line, with what is secret or private taken out before anything is written."""

import contextlib
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from server.core import tracebacks

_SECRET_KEYS = re.compile(
    r"token|secret|password|passwd|authorization|api_?key$|cookie|signature|keyring|^body$|^content$|^text$|^payload$"
    r"|^dsn$|_url$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"treeex_(?:live|test)_\w+"  # our API keys
    r"|\bEA[A-Za-z0-9]{20,}"  # Meta's access tokens
    r"|(?<=[Bb]earer )[^\s\"']+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # credentials in a URL
    r"|(?:(?<=token=)|(?<=secret=)|(?<=password=))[^&\s\"']+"
    r"|(?<=\bexception=)[\w.]+\(.*\)(?=>)",  # asyncio describes a failed task with the exception's words
    re.DOTALL,
)
_MASK = "***"


def redact_text(text: str) -> str:
    """Masks keys, tokens and credentials that stand inside a text."""
    return _SECRET_TEXT.sub(_MASK, text)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: masks values by the name of their key and texts by their shape, at any depth."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    if value is not None and _SECRET_KEYS.search(key):
        return _MASK
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {str(inner): _redacted(str(inner), found) for inner, found in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(key, item) for item in value]
        case BaseException():
            return redact_text(tracebacks.in_short(value))
        case _:
            return redact_text(str(value))


def _format_exception(exc_info: Any) -> str:
    return tracebacks.in_full(exc_info[1])


class _Handler(logging.StreamHandler[TextIO]):
    """The standard library would write an entry that cannot be formatted to standard error as it is, secrets too."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of the standard library
        with contextlib.suppress(OSError, ValueError):  # the stream itself may be gone
            self.stream.write(f'{{"event": "log_entry_lost", "logger": "{record.name}", "level": "error"}}\n')


def setup(*, level: str, log_format: str) -> None:
    """Sends structlog and the standard library's loggers through one pipeline to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.ExceptionRenderer(_format_exception),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp", "asyncpg", "alembic", "sqlalchemy", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are short names (`number_paused`) with facts as keywords, never a body or a secret."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
