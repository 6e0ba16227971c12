"""What a clock on the wall and a calendar say, for arrays of UTC times."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from gridcast.models.simulator.types import DAY_MS, MINUTE_MS, Floats, Ints

WORKDAY, SATURDAY, SUNDAY = 0, 1, 2  # a holiday is a SUNDAY
_CELL_MS = 15 * MINUTE_MS  # every time zone changes its offset on a quarter of an hour


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """The local reading of some UTC times."""

    minute: Floats  # of the local day, 0 to 1440
    kind: Ints  # WORKDAY, SATURDAY or SUNDAY
    day: Ints  # local date, as days since 1970-01-01


class Calendar:
    """One time zone and one holiday calendar."""

    def __init__(self, time_zone: str, holiday_code: str) -> None:
        country, _, subdivision = holiday_code.partition("-")
        self._zone = ZoneInfo(time_zone)
        self._holidays = holidays.country_holidays(country, subdiv=subdivision or None)
        self._offsets = lru_cache(maxsize=64)(self._offsets_of_day)
        self._kind = lru_cache(maxsize=4096)(self._kind_of_day)

    def at(self, time_ms: Ints) -> LocalTimes:
        """Return the local minute and kind of day of ascending UTC times."""
        first, last = int(time_ms[0] // DAY_MS), int(time_ms[-1] // DAY_MS)
        offsets = np.concatenate([self._offsets(day) for day in range(first, last + 1)])
        local_ms = time_ms + offsets[time_ms // _CELL_MS - first * (DAY_MS // _CELL_MS)]
        day = local_ms // DAY_MS
        days = range(int(day.min()), int(day.max()) + 1)
        kinds = np.array([self._kind(one) for one in days], dtype=np.int64)
        return LocalTimes((local_ms - day * DAY_MS) / MINUTE_MS, kinds[day - days[0]], day)

    def midnight_ms(self, day: int) -> int:
        """Return the UTC time at which a local date (days since 1970-01-01) begins."""
        midnight = datetime(1970, 1, 1, tzinfo=self._zone) + timedelta(days=day)
        return int(midnight.timestamp() * 1000)

    def _offsets_of_day(self, day: int) -> Ints:
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
        cells = [start + timedelta(minutes=15 * cell) for cell in range(DAY_MS // _CELL_MS)]
        offsets = [cell.astimezone(self._zone).utcoffset() or timedelta() for cell in cells]
        return np.array([int(offset.total_seconds() * 1000) for offset in offsets], dtype=np.int64)

    def _kind_of_day(self, day: int) -> int:
        local = date(1970, 1, 1) + timedelta(days=day)
        if local.weekday() == 6 or local in self._holidays:
            return SUNDAY
        return SATURDAY if local.weekday() == 5 else WORKDAY
