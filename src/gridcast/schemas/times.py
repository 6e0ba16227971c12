"""Parse RFC 3339 times in their plain form, many at once."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from gridcast.schemas.fields import EARLIEST, LATEST

# 2026-01-01T00:00:00Z and 2026-01-01T00:00:00.000Z: what `fields.write_time` writes.
_SHORT, _LONG = 20, 24
_SEPARATORS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_DIGITS = [place for place in range(19) if place not in _SEPARATORS]
_ZERO = ord("0")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)
_MILLISECOND = timedelta(milliseconds=1)


def millisecond(time: str) -> int | None:
    """Parse one time like `milliseconds`, which is a hundred times as slow for a single one."""
    if _PLAIN.fullmatch(time) is None:
        return None
    try:
        instant = datetime.fromisoformat(time)
    except ValueError:
        return None
    return (instant - EARLIEST) // _MILLISECOND if EARLIEST <= instant < LATEST else None


def milliseconds(times: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Parse times of the plain form as milliseconds since 1970. None if any has another form."""
    try:
        text = np.array(times, dtype="S")
    except UnicodeEncodeError:
        return None
    if text.itemsize not in {_SHORT, _LONG}:
        return None
    # One row per character position, so that each step below reads memory in order.
    places = np.ascontiguousarray(text.view(np.uint8).reshape(len(times), -1).T)
    fraction, longs = _fraction_ms(places)
    # numpy drops trailing NULs, so compare lengths to detect them.
    if fraction is None or sum(map(len, times)) != len(times) * _SHORT + longs * (_LONG - _SHORT):
        return None
    if any((places[place] != ord(mark)).any() for place, mark in _SEPARATORS.items()):
        return None
    digits = places - _ZERO
    if (digits[_DIGITS] > 9).any():
        return None
    return _instants(digits, fraction)


def _fraction_ms(places: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64] | None, int]:
    """Parse `Z`, or `.` with three digits and `Z`. Return ms, and the count of the latter."""
    none = np.zeros(places.shape[1], np.int64)
    if len(places) == _SHORT:
        return (none if (places[19] == ord("Z")).all() else None), 0
    short = (places[19] == ord("Z")) & (places[20:] == 0).all(axis=0)
    digits = places[20:23] - _ZERO
    long = (places[19] == ord(".")) & (digits <= 9).all(axis=0) & (places[23] == ord("Z"))
    if not (short | long).all():
        return None, 0
    fraction = digits[0] * np.int64(100) + digits[1] * np.int64(10) + digits[2]
    return np.where(long, fraction, none), int(long.sum())


def _instants(
    digits: npt.NDArray[np.uint8], fraction: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    def two(place: int) -> npt.NDArray[np.int64]:
        number: npt.NDArray[np.int64] = digits[place] * np.int64(10) + digits[place + 1]
        return number

    year, month, day = two(0) * 100 + two(2), two(5), two(8)
    hour, minute, second = two(11), two(14), two(17)
    months = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    first = months.astype("M8[D]").astype(np.int64)
    days_in_month = (months + 1).astype("M8[D]").astype(np.int64) - first
    fits = (year >= EARLIEST.year) & (year < LATEST.year) & (month >= 1) & (month <= 12)
    fits &= (day >= 1) & (day <= days_in_month) & (hour < 24) & (minute < 60) & (second < 60)
    if not fits.all():
        return None
    seconds = (first + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    instants: npt.NDArray[np.int64] = seconds * 1000 + fraction
    return instants
