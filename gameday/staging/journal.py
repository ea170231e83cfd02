"""Logs as one JSON object a line on standard output: time, level, service, replica, release, message."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One record, one line; the fixed fields tell who speaks."""

    def __init__(self, **who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """Render it; a traceback becomes a field, so that a record stays one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname, **self._who, "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def open_journal(**who: str) -> None:
    """Send the process's log records to standard output from now on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(**who))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # A pool that cannot connect warns at every attempt, several times a second; the requests say it already.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
