"""Between milliseconds since 1970 and times for people."""

from datetime import UTC, datetime, timedelta

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(milliseconds: int) -> datetime:
    """Give the UTC time of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
