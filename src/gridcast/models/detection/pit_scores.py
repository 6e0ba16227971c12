"""How surprising readings are: where in the distribution that had been forecast they lie.

The position is told as the score of the normal distribution at that probability: 0 is the median,
1.64 the 95 % quantile. Inside the quantiles it is interpolated; beyond them it goes on as far as
the outermost is from the median, but not in steps narrower than is usual for the series: an hour
in which little was expected must not make every kettle an event.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats

REMEMBERED = 2_000
SETTLED = 100
DAY_S = np.float32(86_400)
FARTHEST = np.float32(1e6)
USUAL = np.float32(2)
"""Of the mean error: so far from the median nine of ten readings lie where errors are normal."""
MOST = np.float32(10)
"""Usual widths: a faulty reading counts as no more."""
NARROWEST = np.float32(1e-3)
"""kW: meters tell no less than a watt."""


def is_known(seen: npt.NDArray[np.uint16], interval_s: Floats) -> Flags:
    """Tell of what there was enough for a day to tell what is not usual. A night says little."""
    return np.asarray((seen >= SETTLED) & (seen * interval_s >= DAY_S))


class PitScores(DetectorState):
    """Scores of readings, for all series at once.

    >>> pit, levels = PitScores(1), (0.05, 0.5, 0.95)
    >>> expected = np.array([[1.0, 2.0, 4.0]], np.float32)
    >>> for kw in (1.0, 2.0, 3.0, 6.0, 100.0):
    ...     (score,) = pit.score(np.array([kw], np.float32), expected, levels)
    ...     print(f"{score:.2f}")
    -1.64
    0.00
    0.82
    2.62
    5.41
    """

    NEW: ClassVar = {"width": np.float32(0), "seen": np.uint16(0)}
    seen: npt.NDArray[np.uint16]
    """Readings that the width rests on, up to as many as are remembered."""
    width: Floats
    """From the median to the outer quantiles, kW, as is usual: of forecasts, or if these are too
    narrow, of readings."""

    def score(self, value: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
        """Give the score of each reading; not a number where there is none, or no forecast."""
        normal = ndtri(np.asarray(levels)).astype(np.float32)
        low, middle, high = quantiles[:, 0], quantiles[:, len(levels) // 2], quantiles[:, -1]
        self._learn(np.asarray((high - low) / 2, np.float32), np.abs(value - middle))
        usual = np.maximum(self.width, NARROWEST)
        score = np.full(len(value), normal[0], np.float32)
        for place in range(1, len(levels)):
            left, right = quantiles[:, place - 1], quantiles[:, place]
            share = (value - left) / np.maximum(right - left, NARROWEST)
            score += np.clip(share, 0, 1) * (normal[place] - normal[place - 1])
        up = np.maximum(high - middle, usual) / normal[-1]
        down = np.maximum(middle - low, usual) / -normal[0]
        score += np.maximum(value - high, 0) / up - np.maximum(low - value, 0) / down
        return np.clip(score, -FARTHEST, FARTHEST)

    def is_settled(self) -> Flags:
        """Tell for which series it is known by now what is usual: enough to learn from."""
        return np.asarray(self.seen >= SETTLED)

    def is_known(self, interval_s: Floats) -> Flags:
        """Tell for which that was for a day: enough to tell of what is not."""
        return is_known(self.seen, interval_s)

    def _learn(self, half: Floats, error: Floats) -> None:
        rows = np.flatnonzero(np.isfinite(half) & np.isfinite(error))
        self.seen[rows] = np.minimum(self.seen[rows] + 1, REMEMBERED)
        now = np.maximum(half[rows], USUAL * error[rows])
        is_late = self.seen[rows] > SETTLED
        now[is_late] = np.minimum(now[is_late], MOST * self.width[rows[is_late]])
        self.width[rows] += (now - self.width[rows]) / self.seen[rows].astype(np.float32)
