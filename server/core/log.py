"""Logs: one JSON object a line, with what is secret or private taken out before anything is written."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEYS = re.compile(
    r"token|secret|password|passwd|authorization|api_?key$|cookie|signature|keyring|^body$|^content$|^text$|^payload$"
    r"|^dsn$|_url$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"treeex_(?:live|test)_\w+"  # our API keys
    r"|\bEA[A-Za-z0-9]{20,}"  # Meta's access tokens
    r"|(?<=[Bb]earer )[^\s\"']+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # credentials in a URL
    r"|(?<=access_token=)[^&\s\"']+"
)
_MASK = "***"


def redact_text(text: str) -> str:
    """Masks keys, tokens and credentials that stand inside a text."""
    return _SECRET_TEXT.sub(_MASK, text)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: masks values by the name of their key and texts by their shape."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key) and value is not None:
            event[key] = _MASK
        elif isinstance(value, str):
            event[key] = redact_text(value)
    return event


def setup(*, level: str, log_format: str) -> None:
    """Sends structlog and the standard library's loggers through one pipeline to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
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
    handler = logging.StreamHandler(sys.stderr)
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
