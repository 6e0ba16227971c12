"""Calendar features of an hour or a slot: time of day, weekday, holidays, season.

The lists here are the only place that defines which features there are, and their order.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock

import numpy as np
import numpy.typing as npt

from gridcast.models.calendars import Calendar
from gridcast.units import Times

Tensor = npt.NDArray[np.float32]

DAY_MINUTES = 24 * 60
_HALF = 2
"""The middle of a slot with an odd number of minutes lies on half a minute."""

CLOCK: Mapping[str, Callable[[float], float]] = {
    f"{name}_of_day_{times}": lambda day, turn=turn, times=times: turn(math.tau * times * day)  # type: ignore[misc]
    for times in (1, 2)
    for name, turn in (("sin", math.sin), ("cos", math.cos))
}
"""Functions of the elapsed share of the local day."""

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS: Mapping[str, Callable[[Calendar, int], float]] = {
    name: lambda calendar, day, number=number: float(calendar.weekday(day) == number)  # type: ignore[misc]
    for number, name in enumerate(_NAMES)
}
"""Functions of the local date."""
HOLIDAYS: Mapping[str, Callable[[Calendar, int], float]] = {
    "holiday": lambda calendar, day: calendar.holiday(day),
    "holiday_yesterday": lambda calendar, day: calendar.holiday(day - 1),
    "holiday_tomorrow": lambda calendar, day: calendar.holiday(day + 1),
    "holiday_two_days_ago": lambda calendar, day: calendar.holiday(day - 2),
    "holiday_a_week_ago": lambda calendar, day: calendar.holiday(day - 7),
}
"""Functions of the local date: 1 if it is a holiday everywhere, less if only in parts of the
country. Last week's is included, since last week is then a poor predictor."""
SEASON: Mapping[str, Callable[[Calendar, int], float]] = {
    "sin_of_year": lambda calendar, day: math.sin(math.tau * calendar.share_of_year(day)),
    "cos_of_year": lambda calendar, day: math.cos(math.tau * calendar.share_of_year(day)),
    "turn_of_year": lambda calendar, day: float(calendar.is_turn_of_year(day)),
}
"""Functions of the local date; many people are away from 23 December to 6 January."""


def calendar_names(*, holidays: bool, day_of_year: bool) -> tuple[str, ...]:
    """Return the names of the features, in order."""
    return (*CLOCK, *_of_days(holidays=holidays, day_of_year=day_of_year))


def _of_days(
    *, holidays: bool, day_of_year: bool
) -> Mapping[str, Callable[[Calendar, int], float]]:
    return {**WEEKDAYS, **(HOLIDAYS if holidays else {}), **(SEASON if day_of_year else {})}


class CalendarFeatures:
    """The features of one calendar, from two lookup tables: by time of day, and by day.

    A time's features have the same bits whatever times are looked up with it. Thread-safe.
    """

    def __init__(self, calendar: Calendar, *, holidays: bool, day_of_year: bool) -> None:
        self._calendar = calendar
        self._features = tuple(_of_days(holidays=holidays, day_of_year=day_of_year).values())
        self._growing = Lock()
        self._table = 0, np.empty((0, len(self._features)), np.float32)
        """The first day, and the features of it and those that follow."""

    def at(self, time_ms: Times) -> Tensor:
        """Return the features of some times, in any order, along a last axis."""
        local = self._calendar.at(time_ms)
        first, days = self._reach(int(local.day.min()), int(local.day.max()) + 1)
        half = (local.minute * _HALF).astype(np.int64)
        parts = [
            _clock_table().take(half, axis=0),
            days.take(local.day - first, axis=0),
        ]
        return np.concatenate(parts, axis=-1)

    def _reach(self, first: int, end: int) -> tuple[int, Tensor]:
        """Return a table of days that covers a span, and its first day."""
        with self._growing:
            begin, days = self._table
            begin = begin if len(days) else first
            before, after = self._rows(first, begin), self._rows(begin + len(days), end)
            if len(before) or len(after):
                self._table = begin - len(before), np.concatenate([before, days, after])
            return self._table

    def _rows(self, first: int, end: int) -> Tensor:
        rows = [
            [feature(self._calendar, day) for feature in self._features]
            for day in range(first, end)
        ]
        return np.array(rows, np.float32).reshape(-1, len(self._features))


@cache
def _clock_table() -> Tensor:
    times = [half / (DAY_MINUTES * _HALF) for half in range(DAY_MINUTES * _HALF)]
    return np.array([[feature(day) for feature in CLOCK.values()] for day in times], np.float32)
