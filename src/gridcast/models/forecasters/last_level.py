"""Persistence forecast: hold the newest known value."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from gridcast.units import AnyFloats, Flags

OWN_SIZE = 0.3
"""Final spread of a load with hardly any history, as a share of its level."""
MOST_HOURS = 6.0
"""Hours after which the spread is final; until then the variance grows linearly."""


class LastLevel:
    """Hold the newest value, with a normal spread around it.

    The spread begins with how far the load moved from one slot to the next. It grows to the
    distance that past loads had from the newest value, or to a share of its size.

    If nothing is known the forecast is 0 kW without a spread: no number would be better founded,
    and the published reason says so.

    Parameters
    ----------
    day
        Slots a day.
    horizon
        Steps ahead.
    levels
        Probabilities of the quantiles.
    """

    def __init__(self, day: int, horizon: int, levels: npt.NDArray[np.float64]) -> None:
        lead = np.arange(1, horizon + 1) * (24 / day)
        self._growth = np.minimum(lead / MOST_HOURS, 1).astype(np.float32)
        self._normal = np.array([NormalDist().inv_cdf(level) for level in levels], np.float32)

    def quantiles(self, load: AnyFloats, known: Flags) -> AnyFloats:
        """Return quantiles [series, levels, horizon] for windows [series, slots]."""
        at = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
        level = load[np.arange(len(load)), at]  # 0 where nothing is known
        near = _mean_square(np.diff(load, axis=1), known[:, 1:] & known[:, :-1])
        far = np.maximum(
            _mean_square(load - level[:, None], known), np.square(level * np.float32(OWN_SIZE))
        )
        more = np.maximum(far - near, np.float32(0))
        wide = np.sqrt(near[:, None] + more[:, None] * self._growth)
        return np.asarray(level[:, None, None] + self._normal[None, :, None] * wide[:, None, :])


def _mean_square(value: AnyFloats, known: Flags) -> AnyFloats:
    """Return the mean square of the known values of each row; 0 if there are none."""
    square = np.where(known, np.square(value), np.float32(0))
    return np.asarray(square.sum(axis=1) / np.maximum(known.sum(axis=1), 1).astype(np.float32))
