"""Page-Hinkley test for a change of the mean, for all series at once.

The mathematics are those of `river.drift.PageHinkley`; a test compares the two. The cumulative sums
of the deviations above and below the running mean, less a tolerance, fade. When a sum has risen by
more than the threshold above its minimum, the mean has changed.

Two properties matter for a test that runs for years. A sum that fades stops falling, so it rises by
the threshold if the mean is slightly off for long, whatever the tolerance; with `alpha` 1, as in
Page's original test, nothing fades. And a mean over all values since the start moves ever less, so
that every season would count as a change; `remembered`, which River lacks, limits the mean to
recent values.

References
----------
E. S. Page (1954): Continuous inspection schemes. Biometrika 41, 100-115.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats


@dataclass(frozen=True, slots=True)
class DriftLimit:
    """Settings of the test, named as in River, except for `remembered`.

    Parameters
    ----------
    min_instances
        Number of values before the first detection.
    delta
        Tolerated deviation from the mean.
    threshold
        A higher threshold detects later and more reliably.
    alpha
        Fading factor of the sums.
    remembered
        Number of values that the mean covers, about; None for all values.
    """

    min_instances: int = 30
    delta: float = 0.005
    threshold: float = 50.0
    alpha: float = 1 - 0.0001
    remembered: int | None = None


class PageHinkley(DetectorState):
    """The two-sided Page-Hinkley test.

    Examples
    --------
    >>> test = PageHinkley(DriftLimit(threshold=10), rows=2)
    >>> for turn in range(60):
    ...     moved = test.update(np.array([0, turn > 40], np.float32), np.ones(2, bool))
    ...     if moved.any():
    ...         print(turn, moved)
    52 [False  True]
    """

    NEW: ClassVar = {
        "count": np.int32(0),
        "mean": np.float32(0),
        "above": np.float32(0),
        "below": np.float32(0),
        "least": np.float32(np.inf),
        "most": np.float32(-1),  # as River begins
    }
    count: np.ndarray[tuple[int], np.dtype[np.int32]]
    mean: Floats
    above: Floats
    below: Floats
    least: Floats
    most: Floats

    def __init__(self, limit: DriftLimit, rows: int = 0) -> None:
        super().__init__(rows)
        self._limit = limit

    def update(self, value: Floats, given: Flags) -> Flags:
        """Update the series in `given` with a value each, and return whose mean has changed.

        The test starts anew for a series whose mean has changed.
        """
        limit, rows = self._limit, np.flatnonzero(given)
        moved = np.zeros(len(given), np.bool_)
        count = self.count[rows] + 1
        weight_count = count if limit.remembered is None else np.minimum(count, limit.remembered)
        mean = self.mean[rows] + (value[rows] - self.mean[rows]) / weight_count.astype(np.float32)
        off = value[rows] - mean
        alpha, delta = np.float32(limit.alpha), np.float32(limit.delta)
        above = alpha * self.above[rows] + off - delta
        below = alpha * self.below[rows] + off + delta
        least, most = np.minimum(self.least[rows], above), np.maximum(self.most[rows], below)
        self.count[rows], self.mean[rows] = count, mean
        self.above[rows], self.below[rows] = above, below
        self.least[rows], self.most[rows] = least, most
        is_beyond = (above - least > limit.threshold) | (most - below > limit.threshold)
        moved[rows] = is_beyond & (count >= limit.min_instances)
        for name, new in self.NEW.items():
            getattr(self, name)[moved] = new
        return moved
