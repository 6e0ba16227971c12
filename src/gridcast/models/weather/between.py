"""Values between the instants at which they are known."""

import numpy as np
import numpy.typing as npt

from gridcast.units import Times

Values = npt.NDArray[np.float32]


def between(time_ms: Times, values: Values, at_ms: Times, widest_ms: int) -> Values:
    """Interpolate each column of `values` linearly; NaN where no two neighbours stand close enough.

    A NaN among the values is an instant at which that column is not known. Nothing is carried on
    past the first or the last.
    """
    known = ~np.isnan(values)
    if known.all():
        return _linear(time_ms, values, at_ms, widest_ms)
    result = np.empty((len(at_ms), values.shape[1]), np.float32)
    for column in range(values.shape[1]):
        rows = known[:, column]
        one = values[rows, column : column + 1]
        result[:, column : column + 1] = _linear(time_ms[rows], one, at_ms, widest_ms)
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
