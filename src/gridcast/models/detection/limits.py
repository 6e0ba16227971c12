"""Plausibility limits: readings beyond the capacity, or in another unit."""

import numpy as np

from gridcast.units import Flags, Floats

SPARE = np.float32(1.02)
"""Tolerance on the declared capacity, because meters err."""
FACTOR = np.float32(1_000)
FAR = np.float32(100)
"""A reading in another unit is at least this many times as large as every forecast value."""
FEW = np.float32(10)
"""If the capacity is known, this many times suffices when the reading also exceeds the capacity."""
WIDE = np.float32(3)
"""Converted to kW, the reading lies within this many interval widths of the median."""


def is_impossible(value: Floats, capacity: Floats, least: Floats) -> Flags:
    """Return True for readings above the capacity or below the lower bound."""
    most = SPARE * capacity
    low = np.where(np.isfinite(least), least - (SPARE - 1) * capacity, -most)
    with np.errstate(invalid="ignore"):
        return np.asarray((value > most) | (value < low))


def is_other_unit(value: Floats, quantiles: Floats, width: Floats, capacity: Floats) -> Flags:
    """Return True for readings far above the forecast whose thousandth fits the forecast.

    `width` is the usual distance of readings from the forecast, kW.

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
