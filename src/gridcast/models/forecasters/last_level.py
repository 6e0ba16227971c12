"""The last level: the newest value known, for as long as nothing more can be said."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters.profile import Flags, Floats

OWN_SIZE = 0.2
"""How far a load that was hardly seen may go, as a share of its level."""
MOST_HOURS = 6.0
"""In this time it has gone that far; on the way it spreads with the root of time."""


class LastLevel:
    """Hold the newest value; spread it by how far the load was seen from it, or by its size.

    With nothing known at all the answer is 0 kW without a spread: no number would be better
    founded, and a reason says that it is none to rely on.
    """

    def __init__(self, day: int, horizon: int, levels: npt.NDArray[np.float64]) -> None:
        lead = np.arange(1, horizon + 1) * (24 / day)
        self._growth = np.sqrt(np.minimum(lead / MOST_HOURS, 1)).astype(np.float32)
        self._normal = np.array([NormalDist().inv_cdf(level) for level in levels], np.float32)

    def quantiles(self, load: Floats, known: Flags, newest: Floats) -> Floats:
        """Give [series, levels, horizon] for windows [series, slots].

        `newest` is a value newer than the window, not a number where there is none.
        """
        at = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
        level = load[np.arange(len(load)), at]  # 0 where nothing is known
        level = np.where(np.isfinite(newest), newest, level)
        away = np.where(known, load - level[:, None], np.float32(0))
        count = np.maximum(known.sum(axis=1), 1).astype(np.float32)
        seen = np.sqrt((away * away).sum(axis=1) / count)
        far = np.maximum(seen, np.abs(level) * np.float32(OWN_SIZE))
        wide = far[:, None] * self._growth
        return np.asarray(level[:, None, None] + self._normal[None, :, None] * wide[:, None, :])
