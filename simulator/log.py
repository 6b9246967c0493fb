"""Logging: one JSON object per line on stderr, without bodies, tokens or tracebacks.

Set up once by the command. An exception is shown by its type and place, because its text may quote a request.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from traceback import walk_tb
from types import TracebackType


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "at": f"{at}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = _innermost(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def _innermost(traceback: TracebackType | None) -> str:
    frames = list(walk_tb(traceback))
    return f"{frames[-1][0].f_code.co_filename}:{frames[-1][1]}" if frames else "?"


def set_up() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
