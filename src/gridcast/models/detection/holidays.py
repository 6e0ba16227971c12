"""Holidays of each series: unusual loads on such a day are neither faults nor drift."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from gridcast.models.calendars import Calendar
from gridcast.models.detection.observations import DeclaredSeries
from gridcast.units import Flags

EPOCH = date(1970, 1, 1)
MOST = 0.5
"""Share of a country's regions with a holiday from which it counts for the whole country."""

_calendar = lru_cache(maxsize=1024)(Calendar)


def on_holiday(declared: DeclaredSeries, tick_ms: int) -> Flags:
    """Return True for series whose local date is a holiday."""
    off = [bool(code) and _is_off(zone, code, tick_ms) for zone, code in declared.calendars]
    if not any(off):
        return np.zeros(len(declared.group), np.bool_)
    return np.array(off)[declared.calendar]


def _is_off(zone: str, code: str, tick_ms: int) -> bool:
    local = datetime.fromtimestamp(tick_ms / 1000, ZoneInfo(zone)).date()
    return _calendar(zone, code).holiday((local - EPOCH).days) >= MOST
