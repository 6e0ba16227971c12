"""Peaks-over-threshold limits: how large a score must be to be rare for its own series.

Excesses over a high level follow a generalised Pareto distribution, whatever the distribution of
the scores (Pickands, Balkema, de Haan). SPOT (Siffer and others, KDD 2017) keeps the peaks and fits
by maximum likelihood. For 100,000 series at once we keep only two moments of the peaks (method of
moments: Hosking and Wallis, 1987), and the level follows its quantile by stochastic approximation.
So the limit drifts with the series, as in DSPOT, in 20 bytes.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats

PEAKS = np.float32(0.02)
"""Share of all scores that lie above the level."""
STEP = np.float32(0.05)
"""Learning rate of the level, in mean excesses."""
REMEMBERED = np.float32(300)
"""Number of peaks that the fit remembers; older peaks fade."""
MOST = np.float32(10)
"""Upper bound on one excess, in mean excesses, so that a few outliers don't determine the tail."""
FATTEST = 0.2
"""Upper bound on the shape parameter. From 0.5 on the variance is infinite and the moments are
useless. A line's capacity is finite, so the tail of a load cannot be that heavy."""
THINNEST = 0.0
"""Lower bound on the shape parameter: a few hundred peaks don't show where a tail ends."""


class TailThresholds(DetectorState):
    """Limits from the upper tail of scores that are about 1 in normal operation, for all series.

    Parameters
    ----------
    rows
        Number of series.
    fattest
        Upper bound on the shape parameter.

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
    """Number of peaks that the fit rests on; a new series starts with assumed ones."""
    mean: Floats
    """Mean excess over the level."""
    square: Floats
    """Mean squared excess."""

    def __init__(self, rows: int = 0, fattest: float = FATTEST) -> None:
        super().__init__(rows)
        self._fattest = fattest

    def learn(self, score: Floats, given: Flags, most: Floats | None = None) -> None:
        """Learn from the scores of the series in `given`.

        Scores beyond `most` are learned as if they were `most`: an anomaly must not become normal
        at once, but a lasting change must eventually.
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
        """Return the score of each series that is exceeded with probability `risk`."""
        spread = np.maximum(self.square - self.mean**2, 1e-9 * self.square)
        ratio = self.mean**2 / np.maximum(spread, np.float32(1e-30))
        shape = np.clip(0.5 * (1 - ratio), THINNEST, self._fattest).astype(np.float32)
        scale = self.mean * (1 - shape)
        shape = np.where(np.abs(shape) < 1e-3, np.float32(1e-3), shape)
        rarer = np.maximum(PEAKS / risk, 1)
        return np.asarray(self.level + scale / shape * (rarer**shape - 1), np.float32)
