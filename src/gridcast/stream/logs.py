"""How the processes of ours log: one line an event, in UTC, on standard error."""

import logging
import time
from typing import Any, Literal

Level = Literal["debug", "info", "warning", "error"]
# They tell every step of their own at info; an operator wants ours.
TALKATIVE = ("faust", "mode", "aiokafka")


class UtcFormatter(logging.Formatter):
    """Times in UTC, to the millisecond, as everywhere else."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """Break a time stamp down in UTC."""
        return time.gmtime(seconds)


def configuration(level: Level) -> dict[str, Any]:
    """Give what `logging.config.dictConfig` and Faust's worker take."""
    quieter = "WARNING" if level == "info" else level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": UtcFormatter,
                "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {name: {"level": quieter} for name in TALKATIVE},
    }
