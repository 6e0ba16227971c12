"""The times at which a backtest retrains."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import takewhile

from gridcast.stream.errors import UserError
from gridcast.stream.time_text import read_time
from gridcast.units import DAY_MS, epoch_ms, utc_time

FLAG = "--retrain"
_BEGINS: Mapping[str, Callable[[datetime], bool]] = {
    "daily": lambda _: True,
    "weekly": lambda midnight: midnight.weekday() == 0,
    "monthly": lambda midnight: midnight.day == 1,
}


def read_moments(when: str | None, from_ms: int, to_ms: int) -> tuple[int, ...]:
    """Return the times of retraining between the first tick and the end.

    >>> day = 86_400_000
    >>> [time // day for time in read_moments("weekly", 0, 20 * day)]  # 1970 began on a Thursday
    [4, 11, 18]
    >>> [time // day for time in read_moments("10d", 0, 35 * day)]
    [10, 20, 30]
    >>> read_moments(None, 0, day)
    ()
    """
    if when is None:
        return ()
    days = when.removesuffix("d")
    if when in _BEGINS:
        every = _midnights(when, from_ms)
    elif days.isdecimal() and int(days) and days != when:
        every = (from_ms + number * int(days) * DAY_MS for number in range(1, 1_000_000))
    else:
        return _dates(when, from_ms, to_ms)
    return tuple(takewhile(lambda moment_ms: moment_ms < to_ms, every))


def _midnights(when: str, from_ms: int) -> Iterator[int]:
    """Yield the midnights (UTC) after a time at which a day, week or month begins."""
    midnight = utc_time(from_ms // DAY_MS * DAY_MS)
    while True:
        midnight += timedelta(days=1)
        if _BEGINS[when](midnight):
            yield epoch_ms(midnight)


def _dates(when: str, from_ms: int, to_ms: int) -> tuple[int, ...]:
    try:
        times = sorted({read_time(date.strip(), FLAG) for date in when.split(",")})
    except UserError:
        raise UserError(
            f"{FLAG}: daily, weekly, monthly, days (30d), or dates with commas; not {when!r}"
        ) from None
    if outside := [date for date in times if not from_ms < date < to_ms]:
        raise UserError(
            f"{FLAG}: {utc_time(outside[0]):%Y-%m-%d %H:%M} is not between the first tick"
            f" {utc_time(from_ms):%Y-%m-%d %H:%M} and the end {utc_time(to_ms):%Y-%m-%d %H:%M} UTC"
        )
    return tuple(times)
