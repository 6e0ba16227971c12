"""Units and array types that every package shares. Times are milliseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
AnyFloats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.int64]
"""Milliseconds since 1970 in UTC."""
Flags = npt.NDArray[np.bool_]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_time(milliseconds: int) -> datetime:
    """Return the UTC time of `milliseconds` since 1970.

    >>> utc_time(1_500).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    return _EPOCH + timedelta(milliseconds=milliseconds)


def epoch_ms(time: datetime) -> int:
    """Return the whole milliseconds since 1970 of an aware time.

    >>> epoch_ms(utc_time(1_500))
    1500
    """
    return (time - _EPOCH) // timedelta(milliseconds=1)
