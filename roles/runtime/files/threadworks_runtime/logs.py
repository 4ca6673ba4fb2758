# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of the served runtime: JSON lines with requests and their results, without content and keys."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from falcon.asgi import Request, Response

_LOG = logging.getLogger("threadworks.runtime.requests")


# These loggers do not log content or keys.
_TRUSTED = ("threadworks", "uvicorn")


class JsonFormatter(logging.Formatter):
    """One JSON object per line, without text that could contain data.

    Only the type of an exception is logged. Of the messages of other loggers, only the first line is logged, without
    arguments.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        entry: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
        }
        request = getattr(record, "request", None)
        entry.update(request or {"message": _message(record)})
        if record.exc_info and record.exc_info[0]:
            entry["exception"] = record.exc_info[0].__name__
        return json.dumps(entry)


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in _TRUSTED:
        return record.getMessage()
    return next(iter(str(record.msg).splitlines()), "")


class RequestLog:
    """Logs each request. The query is omitted, because it can contain metadata."""

    async def process_request(self, req: Request, resp: Response) -> None:
        """Store the start time of the request."""
        req.context.began = time.monotonic()

    async def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        """Log the request."""
        entry = {
            "method": req.method,
            "path": req.path,
            "status": resp.status_code,
            "milliseconds": round((time.monotonic() - req.context.began) * 1000, 1),
            "request_id": resp.get_header("x-request-id"),
        }
        _LOG.info("request", extra={"request": entry})


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "threadworks": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
        "uvicorn": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
    },
}
