"""Times on the command line."""

from datetime import UTC, datetime

from gridcast.stream.errors import UserError
from gridcast.units import epoch_ms


def read_time(text: str, flag: str) -> int:
    """Return a text's time in milliseconds; without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{flag}: a date or an RFC 3339 time, not {text!r}") from None
    time = time.replace(tzinfo=time.tzinfo or UTC)
    if not 1971 <= time.year < 2200:
        raise UserError(f"{flag}: a time from 1971 to 2199, not {text!r}")
    return epoch_ms(time)


def show_time(at_ms: int) -> str:
    """Return a time for display, to the minute in UTC."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M}"


def write_time(at_ms: int) -> str:
    """Return a time in the form that :func:`read_time` accepts."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def show_second(time: datetime) -> str:
    """Return a UTC time for display, to the second."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
