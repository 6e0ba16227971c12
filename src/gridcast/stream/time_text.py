"""Times as people write and read them on the command line."""

from datetime import UTC, datetime

from gridcast.stream.errors import UserError
from gridcast.units import time_ms


def read_time(text: str, flag: str) -> int:
    """Return a time in milliseconds; one without a zone is in UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{flag}: a date or an RFC 3339 time, not {text!r}") from None
    time = time.replace(tzinfo=time.tzinfo or UTC)
    if not 1971 <= time.year < 2200:
        raise UserError(f"{flag}: a time from 1971 to 2199, not {text!r}")
    return time_ms(time)


def show_time(at_ms: int) -> str:
    """Write a time for people."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M}"


def write_time(at_ms: int) -> str:
    """Write a time so that it can be read again."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
