"""Which series have a day off: what is unusual then is no fault, and no drift."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from gridcast.models.calendars import Calendar
from gridcast.models.detection.observations import DeclaredSeries
from gridcast.units import Flags

EPOCH = date(1970, 1, 1)
MOST = 0.5
"""Of a country's parts: where so many have the day off, it is a holiday of the country."""

_calendar = lru_cache(maxsize=1024)(Calendar)


def on_holiday(declared: DeclaredSeries, tick_ms: int) -> Flags:
    """Tell whose local date is a holiday."""
    off = [bool(code) and _is_off(zone, code, tick_ms) for zone, code in declared.calendars]
    if not any(off):
        return np.zeros(len(declared.group), np.bool_)
    return np.array(off)[declared.calendar]


def _is_off(zone: str, code: str, tick_ms: int) -> bool:
    local = datetime.fromtimestamp(tick_ms / 1000, ZoneInfo(zone)).date()
    return _calendar(zone, code).holiday((local - EPOCH).days) >= MOST
