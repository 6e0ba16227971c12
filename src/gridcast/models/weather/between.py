"""Linear interpolation between the instants of observations or forecasts."""

import numpy as np
import numpy.typing as npt

from gridcast.units import Times

Values = npt.NDArray[np.float32]


def between(time_ms: Times, values: Values, at_ms: Times, widest_ms: int) -> Values:
    """Interpolate each column of `values` linearly; NaN where neighbours are too far apart.

    A NaN among the values means that the column is unknown at that instant. Nothing is
    extrapolated.
    """
    known = ~np.isnan(values)
    if known.all():
        return _linear(time_ms, values, at_ms, widest_ms)
    result = np.empty((len(at_ms), values.shape[1]), np.float32)
    for column in range(values.shape[1]):
        rows = known[:, column]
        column_values = values[rows, column : column + 1]
        result[:, column : column + 1] = _linear(time_ms[rows], column_values, at_ms, widest_ms)
    return result


def _linear(time_ms: Times, values: Values, at_ms: Times, widest_ms: int) -> Values:
    if not len(time_ms):
        return np.full((len(at_ms), values.shape[1]), np.nan, np.float32)
    right = np.minimum(np.searchsorted(time_ms, at_ms), len(time_ms) - 1)
    left = np.maximum(right - 1, 0)
    gap = time_ms[right] - time_ms[left]
    share = (at_ms - time_ms[left]) / np.maximum(gap, 1)
    result: Values = values[left] + share.astype(np.float32)[:, None] * (
        values[right] - values[left]
    )
    outside = (at_ms < time_ms[left]) | (at_ms > time_ms[right]) | (gap > widest_ms)
    result[outside] = np.nan
    exact = time_ms[right] == at_ms
    result[exact] = values[right[exact]]
    return result
