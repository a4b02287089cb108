"""Logs as JSON lines: one object a line, in the order time, level, logger, message, then what the call adds."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
HIDDEN = "***"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; values of `secrets` never leave, wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(s for s in secrets if s)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, Any] = {"time": at, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        text = json.dumps(line, default=str, ensure_ascii=False)
        for secret in self._secrets:
            text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], HIDDEN)
        return text


def configure(stream: TextIO, level: int = logging.INFO, secrets: Iterable[str] = ()) -> None:
    """Send every logger's records to `stream` as JSON lines; the chatter of libraries only from warnings on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("apscheduler", "uvicorn.access", "uvicorn.error", "httpx", "alembic", "sqlalchemy", "numba"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    for mine in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(mine).handlers[:] = []
        logging.getLogger(mine).propagate = True
