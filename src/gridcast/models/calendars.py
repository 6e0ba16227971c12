"""Local times and calendar dates, including holidays, for arrays of UTC times.

>>> import numpy as np
>>> calendar = Calendar("Europe/Berlin", "DE")
>>> noon = np.array([1_767_265_200_000])  # 2026-01-01T11:00Z
>>> local = calendar.at(noon)
>>> float(local.minute[0]) / 60, calendar.holiday(int(local.day[0]))
(12.0, 1.0)
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from threading import Lock
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from gridcast.units import DAY_MS, MINUTE_MS, Doubles, Ints

WORKDAY, SATURDAY, SUNDAY = 0, 1, 2  # a holiday is a SUNDAY
_CELL_MS = 15 * MINUTE_MS  # every time zone changes its offset on a quarter of an hour
_CELLS = DAY_MS // _CELL_MS
_LOOKING = Lock()
"""A holiday calendar computes a year when it is first asked for it and is incomplete meanwhile, so
only one thread may ask at a time."""


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """Local times of some UTC times."""

    minute: Doubles  # of the local day, 0 to 1440
    day: Ints  # local date, as days since 1970-01-01


class Calendar:
    """One time zone and one holiday calendar, or none.

    If there is no holiday calendar of a country, it has no holidays. If there is none of a part,
    the country's applies. Thread-safe.
    """

    def __init__(self, time_zone: str, holiday_code: str | None = None) -> None:
        self._zone = ZoneInfo(time_zone)
        self._holidays, self._parts = _calendars(holiday_code) if holiday_code else (None, ())
        self._growing = Lock()
        self._table = 0, np.empty((0, _CELLS), np.int64)
        """The first day, and the offsets of it and those that follow."""
        self.kind = lru_cache(maxsize=4096)(self._kind)
        self.holiday = lru_cache(maxsize=4096)(self._holiday)

    def at(self, time_ms: Ints) -> LocalTimes:
        """Return the local minute and date of UTC times, whatever their order and shape."""
        if not time_ms.size:
            return LocalTimes(np.zeros(time_ms.shape), np.zeros(time_ms.shape, np.int64))
        first, offsets = self._reach(int(time_ms.min() // DAY_MS), int(time_ms.max() // DAY_MS) + 1)
        local_ms = time_ms + offsets.reshape(-1).take(time_ms // _CELL_MS - first * _CELLS)
        day = local_ms // DAY_MS
        return LocalTimes((local_ms - day * DAY_MS) / MINUTE_MS, day)

    def kinds(self, day: Ints) -> Ints:
        """Return WORKDAY, SATURDAY or SUNDAY for local dates."""
        first = int(day.min())
        kinds = [self.kind(date) for date in range(first, int(day.max()) + 1)]
        return np.array(kinds, np.int64)[day - first]

    def midnight_ms(self, day: int) -> int:
        """Return the UTC time at which a local date (days since 1970-01-01) begins."""
        midnight = datetime(1970, 1, 1, tzinfo=self._zone) + timedelta(days=day)
        return int(midnight.timestamp() * 1000)

    @staticmethod
    def weekday(day: int) -> int:
        """Return the weekday of a local date; Monday is 0."""
        return (day + 3) % 7

    @staticmethod
    def share_of_year(day: int) -> float:
        """Return how much of a year of mean length is over when a local date begins."""
        return (_date(day).timetuple().tm_yday - 1) / 365.25

    @staticmethod
    def is_turn_of_year(day: int) -> bool:
        """Return True if a local date is from 23 December to 6 January."""
        local = _date(day)
        return (local.month, local.day) >= (12, 23) or (local.month, local.day) <= (1, 6)

    def _holiday(self, day: int) -> float:
        """Return the share of a country's parts, 0 to 1, that have a local date off."""
        if self._holidays is None:
            return 0.0
        local = _date(day)
        with _LOOKING:
            if local in self._holidays:
                return 1.0
            return sum(local in part for part in self._parts) / max(len(self._parts), 1)

    def _reach(self, first: int, end: int) -> tuple[int, Ints]:
        """Return a table of offsets that covers some days, and its first day."""
        with self._growing:
            begin, offsets = self._table
            begin = begin if len(offsets) else first
            before = [self._offsets_of_day(day) for day in range(first, begin)]
            after = [self._offsets_of_day(day) for day in range(begin + len(offsets), end)]
            if before or after:
                parts = [np.array(part).reshape(-1, _CELLS) for part in (before, offsets, after)]
                offsets = np.concatenate(parts).astype(np.int64, copy=False)
                self._table = begin - len(before), offsets
            return self._table

    def _offsets_of_day(self, day: int) -> Ints:
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
        offset = self._offset(start)
        if offset == self._offset(start + timedelta(days=1)):  # no zone changes there and back
            return np.full(_CELLS, offset, np.int64)
        cells = [self._offset(start + timedelta(minutes=15 * cell)) for cell in range(_CELLS)]
        return np.array(cells, np.int64)

    def _offset(self, time: datetime) -> int:
        offset = time.astimezone(self._zone).utcoffset() or timedelta()
        return int(offset.total_seconds() * 1000)

    def _kind(self, day: int) -> int:
        """Return WORKDAY, SATURDAY or SUNDAY for a local date."""
        local = _date(day)
        weekday = local.weekday()
        with _LOOKING:
            if weekday == 6 or (self._holidays is not None and local in self._holidays):
                return SUNDAY
        return SATURDAY if weekday == 5 else WORKDAY


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


@cache
def _calendars(
    code: str,
) -> tuple[holidays.HolidayBase | None, tuple[holidays.HolidayBase, ...]]:
    """Return the calendar of a code; for a whole country, those of its parts too."""
    country, _, part = code.partition("-")
    try:
        whole = holidays.country_holidays(country)
    except NotImplementedError:
        return None, ()
    if not part:
        parts = (holidays.country_holidays(country, subdiv=area) for area in whole.subdivisions)
        return whole, tuple(parts)
    try:
        return holidays.country_holidays(country, subdiv=part), ()
    except NotImplementedError:
        return whole, ()
