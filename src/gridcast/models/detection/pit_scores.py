"""PIT scores: the position of a reading in its forecast distribution, as a normal score.

The probability integral transform (PIT) of a reading is mapped to a standard normal: 0 is the
median, 1.64 the 95 % quantile. Between the quantiles it is interpolated. Beyond them it continues
with the distance from the median to the outermost quantile, but with no smaller unit than is usual
for the series: in an hour with little expected load, not every kettle is an event.
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
"""Factor on the mean error: with normal errors nine in ten readings lie within it."""
MOST = np.float32(10)
"""Upper bound on what is learned from one reading, in usual widths."""
NARROWEST = np.float32(1e-3)
"""kW; meters don't resolve less than a watt."""


def is_known(seen: npt.NDArray[np.uint16], interval_s: Floats) -> Flags:
    """Return True if enough readings over at least a day were seen. A night alone shows little."""
    return np.asarray((seen >= SETTLED) & (seen * interval_s >= DAY_S))


class PitScores(DetectorState):
    """Computes the scores of all series' readings at once.

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
    """Number of readings that the width rests on, up to a bound."""
    width: Floats
    """Usual distance from the median to the outer quantiles, kW; readings can widen it."""

    def score(self, value: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
        """Return the score of each reading; NaN without a reading or a forecast."""
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
        """Return True for series with enough readings to learn from their scores."""
        return np.asarray(self.seen >= SETTLED)

    def is_known(self, interval_s: Floats) -> Flags:
        """Return True for series with at least a day of readings, enough to raise alarms."""
        return is_known(self.seen, interval_s)

    def _learn(self, half: Floats, error: Floats) -> None:
        rows = np.flatnonzero(np.isfinite(half) & np.isfinite(error))
        self.seen[rows] = np.minimum(self.seen[rows] + 1, REMEMBERED)
        now = np.maximum(half[rows], USUAL * error[rows])
        is_late = self.seen[rows] > SETTLED
        now[is_late] = np.minimum(now[is_late], MOST * self.width[rows[is_late]])
        self.width[rows] += (now - self.width[rows]) / self.seen[rows].astype(np.float32)
