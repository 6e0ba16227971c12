"""Readings that cannot be: beyond what the series can carry, or in another unit."""

import numpy as np

from gridcast.units import Flags, Floats

SPARE = np.float32(1.02)
"""A meter may tell a little more than the capacity that is declared."""
FACTOR = np.float32(1_000)
FAR = np.float32(100)
"""A reading in another unit is so many times as large as all that was expected, at least …"""
FEW = np.float32(10)
"""… or so many times, and beyond the capacity."""
WIDE = np.float32(3)
"""And in the right unit it is within so many intervals of that."""


def is_impossible(value: Floats, capacity: Floats, least: Floats) -> Flags:
    """Tell readings beyond the capacity, or below the least."""
    most = SPARE * capacity
    low = np.where(np.isfinite(least), least - (SPARE - 1) * capacity, -most)
    with np.errstate(invalid="ignore"):
        return np.asarray((value > most) | (value < low))


def is_other_unit(value: Floats, quantiles: Floats, width: Floats, capacity: Floats) -> Flags:
    """Tell readings of which a thousandth is what was expected, and that are far beyond it.

    `width` is how far readings usually are from what is expected.

    >>> quantiles, width = np.array([[0.2, 0.4, 1.0]] * 4, np.float32), np.full(4, 0.3, np.float32)
    >>> value, unknown = np.array([400, 0.4, 5, 90_000], np.float32), np.full(4, np.nan, np.float32)
    >>> is_other_unit(value, quantiles, width, unknown)
    array([ True, False, False, False])
    """
    low, middle, high = quantiles[:, 0], quantiles[:, quantiles.shape[1] // 2], quantiles[:, -1]
    wide = np.maximum(high - low, width)
    size = np.maximum(np.maximum(np.abs(low), np.abs(high)), width)
    with np.errstate(invalid="ignore"):
        near = np.abs(value / FACTOR - middle) <= WIDE * wide
        far = np.where(np.isnan(capacity), FAR * size, np.maximum(SPARE * capacity, FEW * size))
        return np.asarray(near & (np.abs(value) > far))
