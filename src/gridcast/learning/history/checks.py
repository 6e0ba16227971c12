"""Checks of a series' times and values for common faults of files. Pure: arrays in, rows out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridcast.units import DAY_MS

# A stretch of another step is one of at least this many equal distances.
STRETCH = 12
# A slip of unit is a factor of a thousand: well above what a series does by itself, a hundred.
LEAP = 100
# What a series' larger values are at most of its smaller ones, if it never comes near zero.
STEADY = 20
# Days are compared by their medians, which a slip of unit moves by a thousand, give or take:
_DAY_LEAP = (300, 3000)


def common_step(time_ms: NDArray[np.int64]) -> int | None:
    """Return the commonest difference of rising times, or None if it is in the minority."""
    distances = np.diff(time_ms)
    distances = distances[distances > 0]
    if len(distances) == 0:
        return None
    steps, counts = np.unique(distances, return_counts=True)
    best = int(np.argmax(counts))
    return int(steps[best]) if 2 * counts[best] >= len(distances) else None


def off_step(time_ms: NDArray[np.int64], step_ms: int, shift_ms: int) -> NDArray[np.intp]:
    """Return the times that are not a whole number of steps (plus the shift) after 1970."""
    return np.flatnonzero((time_ms - shift_ms) % step_ms != 0)


def common_shift(time_ms: NDArray[np.int64], step_ms: int) -> int:
    """Return the commonest offset of the times from whole steps since 1970."""
    shifts, counts = np.unique(time_ms % step_ms, return_counts=True)
    return int(shifts[np.argmax(counts)])


def mixed_step(time_ms: NDArray[np.int64], step_ms: int) -> NDArray[np.intp]:
    """Return the rows at which stretches of another step begin."""
    distances = np.diff(time_ms)
    if len(distances) < STRETCH:
        return np.empty(0, np.intp)
    starts = np.flatnonzero(np.append(True, np.diff(distances) != 0))
    lengths = np.diff(np.append(starts, len(distances)))
    # A meter that is read once a day would make days a step: only finer than a day is a stretch.
    other = (distances[starts] != step_ms) & (distances[starts] < DAY_MS)
    return np.asarray(starts[(lengths >= STRETCH) & other], np.intp)


@dataclass(frozen=True)
class Gaps:
    """The stretches without readings that are longer than the series' step."""

    count: int
    longest_ms: int
    after_ms: int
    """Time of the last reading before the longest gap."""


def gaps(time_ms: NDArray[np.int64], step_ms: int) -> Gaps | None:
    """Return the gaps. A difference of at least 1.5 steps is a gap."""
    distances = np.diff(time_ms)
    if len(distances) == 0:
        return None
    count = int((distances > 1.5 * step_ms).sum())
    if count == 0:
        return None
    longest = int(np.argmax(distances))
    return Gaps(count, int(distances[longest]), int(time_ms[longest]))


def unit_jumps(time_ms: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return readings in a wrong unit: single ones, and where stretches of them begin.

    A single one is a hundred times above nearly all others, or as far below in a steady series
    that stays clear of zero. A stretch begins where the median of a day is a thousand times, or a
    thousandth of, that of the day before.
    """
    size = np.abs(value)
    at = np.flatnonzero(size)
    size = size[at]
    if len(size) < STRETCH:
        return np.empty(0, np.intp)
    low, high = np.quantile(size, [0.1, 0.9])
    single = size > LEAP * high
    if high < STEADY * low and not np.any(value < 0):
        single |= size < low / LEAP
    starts = np.flatnonzero(np.append(True, np.diff(time_ms[at] // DAY_MS) != 0))
    medians = _medians(size, starts)
    ratio = medians[1:] / medians[:-1]
    ratio = np.maximum(ratio, 1 / ratio)
    days = starts[1:][(ratio > _DAY_LEAP[0]) & (ratio < _DAY_LEAP[1])]
    return at[np.union1d(np.flatnonzero(single), days)]


def _medians(value: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the lower median of each stretch."""
    lengths = np.diff(np.append(starts, len(value)))
    stretch = np.repeat(np.arange(len(starts)), lengths)
    ordered = value[np.lexsort((value, stretch))]
    return np.asarray(ordered[starts + (lengths - 1) // 2], np.float64)
