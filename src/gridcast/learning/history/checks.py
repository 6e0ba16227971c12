"""Looks at a series' times and values for what real files get wrong. Pure: arrays in, rows out."""

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
    """Give the commonest distance of rising times, if at least half of the distances are it."""
    distances = np.diff(time_ms)
    distances = distances[distances > 0]
    if len(distances) == 0:
        return None
    found, counts = np.unique(distances, return_counts=True)
    best = int(np.argmax(counts))
    return int(found[best]) if 2 * counts[best] >= len(distances) else None


def off_step(time_ms: NDArray[np.int64], step_ms: int, shift_ms: int) -> NDArray[np.intp]:
    """Find the times that are not a whole number of steps (and the shift) after 1970."""
    return np.flatnonzero((time_ms - shift_ms) % step_ms != 0)


def common_shift(time_ms: NDArray[np.int64], step_ms: int) -> int:
    """Give how far after whole steps since 1970 most times are."""
    found, counts = np.unique(time_ms % step_ms, return_counts=True)
    return int(found[np.argmax(counts)])


def mixed_step(time_ms: NDArray[np.int64], step_ms: int) -> NDArray[np.intp]:
    """Find where stretches of another step begin."""
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
    """Where a series has no readings for longer than its step."""

    count: int
    longest_ms: int
    after_ms: int
    """The last reading before the longest."""


def gaps(time_ms: NDArray[np.int64], step_ms: int) -> Gaps | None:
    """Find the gaps; a distance is one from half as much again as the step."""
    distances = np.diff(time_ms)
    if len(distances) == 0:
        return None
    count = int((distances > 1.5 * step_ms).sum())
    if count == 0:
        return None
    longest = int(np.argmax(distances))
    return Gaps(count, int(distances[longest]), int(time_ms[longest]))


def unit_jumps(time_ms: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find readings that look like another unit: single ones, and where stretches of it begin.

    Single: a hundred times above nearly all others, or as far below in a series that is steady
    and stays clear of zero. Stretches: the median of a day is a thousand times that of the day
    before, or a thousandth.
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
    """Give the (lower) median of each stretch."""
    lengths = np.diff(np.append(starts, len(value)))
    stretch = np.repeat(np.arange(len(starts)), lengths)
    ordered = value[np.lexsort((value, stretch))]
    return np.asarray(ordered[starts + (lengths - 1) // 2], np.float64)
