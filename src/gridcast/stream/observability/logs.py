"""Logging configuration: one line per event, in UTC, on standard error, as text or as JSON."""

import json
import logging
import os
import socket
import time
from datetime import UTC, datetime
from typing import Any, Literal

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import as_user_error

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]
# These log every step at info; an operator wants gridcast's own lines.
TALKATIVE = ("faust", "mode", "aiokafka")
SELDOM_S = 60.0
# The attributes of every log record. Any others were passed as `extra`.
COMMON = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class UtcFormatter(logging.Formatter):
    """A formatter with times in UTC, in milliseconds."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """Return a timestamp as a struct_time in UTC."""
        return time.gmtime(seconds)


class JsonFormatter(logging.Formatter):
    """A formatter that writes one JSON object per line.

    Its fields are `time`, `level`, `logger`, `message`, `run` (the same in all lines of a process
    and on its metric `gridcast_info`), `worker` (host and process id), `error` with the traceback
    if there is one, and what was passed as `extra`, such as `partition`.

    Examples
    --------
    >>> record = logging.makeLogRecord({"msg": "opened", "levelname": "INFO", "partition": 3})
    >>> line = json.loads(JsonFormatter(run="a").format(record))
    >>> line["message"], line["partition"], line["run"]
    ('opened', 3, 'a')
    """

    def __init__(self, run: str) -> None:
        super().__init__()
        self._process = {"run": run, "worker": f"{socket.gethostname()}/{os.getpid()}"}

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON; values that JSON does not have are written as text."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._process,
        }
        line |= {name: value for name, value in vars(record).items() if name not in COMMON}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class Seldom(logging.Filter):
    """A filter that passes each message of aiokafka once a minute.

    While Kafka is away, aiokafka repeats them dozens of times a second.
    """

    def __init__(self) -> None:
        super().__init__("aiokafka")
        self._said: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record passes."""
        if not super().filter(record):
            return True  # not one of aiokafka's
        is_new = record.created - self._said.get(record.msg, -SELDOM_S) >= SELDOM_S
        if is_new:
            self._said[record.msg] = record.created
        return is_new


class OneLine(logging.Filter):
    """A filter that removes the traceback of user errors: it does not show their cause."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every record passes."""
        if record.exc_info and isinstance(as_user_error(record.exc_info[1]), UserError):
            record.exc_info = None
        return True


def configuration(level: Level, format: Format = "text", run: str = "") -> dict[str, Any]:  # noqa: A002
    """Return a configuration for `logging.config.dictConfig` and Faust's worker."""
    quieter = "WARNING" if level == "info" else level.upper()
    line = {"()": UtcFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line if format == "text" else {"()": JsonFormatter, "run": run}},
        "filters": {"seldom": {"()": Seldom}, "one-line": {"()": OneLine}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["seldom", "one-line"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {name: {"level": quieter} for name in TALKATIVE}
        # Mode warns of commits that wait for a broker; gridcast logs that itself.
        | {"mode.timers": {"level": "ERROR"}},
    }
