"""How the processes of ours log: one line an event, in UTC, on standard error.

As text for people in a terminal, or as JSON for those who collect the logs of many workers.
"""

import json
import logging
import os
import socket
import time
from datetime import UTC, datetime
from typing import Any, Literal

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import plainly

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]
# They tell every step of their own at info; an operator wants ours.
TALKATIVE = ("faust", "mode", "aiokafka")
SELDOM_S = 60.0
# What logging itself puts into every record; any more was given as `extra`.
COMMON = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class UtcFormatter(logging.Formatter):
    """Times in UTC, to the millisecond, as everywhere else."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """Break a time stamp down in UTC."""
        return time.gmtime(seconds)


class JsonFormatter(logging.Formatter):
    """One JSON object a line.

    It has `time`, `level`, `logger`, `message`, `run` (the same for all that a process logs, and on
    its metric `gridcast_info`), `worker` (host and process), `error` (with its traceback) if there
    is one, and whatever a call gave as `extra`, such as `partition`.

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
        """Write a record; what JSON cannot say is written as text."""
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
    """Lets the same words of aiokafka through once a minute.

    While Kafka is away it says them dozens of times a second.
    """

    def __init__(self) -> None:
        super().__init__("aiokafka")
        self._said: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to let it through."""
        if not super().filter(record):
            return True  # not one of aiokafka's
        is_new = record.created - self._said.get(record.msg, -SELDOM_S) >= SELDOM_S
        if is_new:
            self._said[record.msg] = record.created
        return is_new


class OneLine(logging.Filter):
    """Takes the traceback from what the user can mend: it shows where that was noticed, not why."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it through."""
        if record.exc_info and isinstance(plainly(record.exc_info[1]), UserError):
            record.exc_info = None
        return True


def configuration(level: Level, format: Format = "text", run: str = "") -> dict[str, Any]:  # noqa: A002
    """Give what `logging.config.dictConfig` and Faust's worker take."""
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
        # That a commit waits for a broker that is away is said by others.
        | {"mode.timers": {"level": "ERROR"}},
    }
