"""How large a score must be to be rare: the tail of each series' own scores.

Peaks over threshold (Pickands, Balkema, de Haan): what exceeds a high level follows a generalised
Pareto law, whatever the law of all. SPOT (Siffer and others, KDD 2017) keeps the peaks and fits by
maximum likelihood; for 100,000 series at once two moments of the peaks are enough (Hosking and
Wallis, 1987: method of moments), and the level follows its quantile by stochastic approximation
instead of being set once. So it drifts with the series, as DSPOT does, in 20 bytes.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats

PEAKS = np.float32(0.02)
"""So many of all scores are above the level."""
STEP = np.float32(0.05)
"""How fast the level follows, in mean peaks."""
REMEMBERED = np.float32(300)
"""The fit forgets older peaks than about so many."""
MOST = np.float32(10)
"""Mean peaks: one peak counts as no more, or a few that are no peaks would make the tail."""
FATTEST = 0.2
"""The shape is no larger. From 0.5 on there is no variance, and the moments say nothing; what a
line can carry has an end, so a load's tail is not fat for ever."""
THINNEST = 0.0
"""And no smaller: a few hundred peaks are too few to say where a tail ends."""


class TailThresholds(DetectorState):
    """The upper tail of scores that are about 1 when all is well, for all series at once.

    Parameters
    ----------
    rows
        How many series.
    fattest
        The largest shape of the tail.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> tails = TailThresholds(100)
    >>> for _ in range(3_000):
    ...     tails.learn(rng.standard_exponential(100, np.float32), np.ones(100, bool))
    >>> limit = tails.limit(np.full(100, 1e-6, np.float32))
    >>> float(np.median(limit).round(0)), round(float(-np.log(1e-6)), 1)
    (14.0, 13.8)
    """

    NEW: ClassVar = {
        "level": np.float32(2.0),
        "peaks": np.float32(10.0),
        "mean": np.float32(1.0),
        "square": np.float32(2.0),
    }
    level: Floats
    peaks: Floats
    """How many the fit rests on; those of a new series are assumed."""
    mean: Floats
    """Of what exceeds the level."""
    square: Floats
    """Mean square of it."""

    def __init__(self, rows: int = 0, fattest: float = FATTEST) -> None:
        super().__init__(rows)
        self._fattest = fattest

    def learn(self, score: Floats, given: Flags, most: Floats | None = None) -> None:
        """Take a score of each series for which one is given.

        What lies beyond `most` counts as if it lay there: an anomaly must not teach that it is
        usual, and a new usual must be learned in the end.
        """
        if most is not None:
            score = np.minimum(score, most)
        self.level -= np.where(given, STEP * PEAKS * self.mean, np.float32(0))
        rows = np.flatnonzero(given & (score > self.level))
        excess = np.minimum(score[rows] - self.level[rows], MOST * self.mean[rows])
        share = 1 / np.minimum(self.peaks[rows] + 1, REMEMBERED)
        self.level[rows] += STEP * self.mean[rows]
        self.peaks[rows] = np.minimum(self.peaks[rows] + 1, REMEMBERED)
        self.mean[rows] += share * (excess - self.mean[rows])
        self.square[rows] += share * (excess * excess - self.square[rows])

    def limit(self, risk: Floats) -> Floats:
        """Give the score that is exceeded with a probability of `risk`, one for each series."""
        spread = np.maximum(self.square - self.mean**2, 1e-9 * self.square)
        ratio = self.mean**2 / np.maximum(spread, np.float32(1e-30))
        shape = np.clip(0.5 * (1 - ratio), THINNEST, self._fattest).astype(np.float32)
        scale = self.mean * (1 - shape)
        shape = np.where(np.abs(shape) < 1e-3, np.float32(1e-3), shape)
        rarer = np.maximum(PEAKS / risk, 1)
        return np.asarray(self.level + scale / shape * (rarer**shape - 1), np.float32)
