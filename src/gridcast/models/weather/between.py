"""Values between the instants at which they are known."""

import numpy as np
import numpy.typing as npt


def between(
    time_ms: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
    at_ms: npt.NDArray[np.int64],
    widest_ms: int,
) -> npt.NDArray[np.float32]:
    """Interpolate each column of `values` linearly; NaN where no two neighbours stand close enough.

    A NaN among the values is an instant at which that column is not known. Nothing is carried on
    past the first or the last.
    """
    result = np.full((len(at_ms), values.shape[1]), np.nan, np.float32)
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        if known.any():
            result[:, column] = _column(time_ms[known], values[known, column], at_ms, widest_ms)
    return result


def _column(
    time_ms: npt.NDArray[np.int64],
    value: npt.NDArray[np.float32],
    at_ms: npt.NDArray[np.int64],
    widest_ms: int,
) -> npt.NDArray[np.float64]:
    following = np.minimum(np.searchsorted(time_ms, at_ms), len(time_ms) - 1)
    gap = time_ms[following] - time_ms[np.maximum(following - 1, 0)]
    apart = (gap > widest_ms) & (time_ms[following] != at_ms)
    result: npt.NDArray[np.float64] = np.interp(at_ms, time_ms, value, left=np.nan, right=np.nan)
    result[apart] = np.nan
    return result
