"""Page-Hinkley's test for a mean that has moved, for all series at once.

The same mathematics as `river.drift.PageHinkley`, to which a test holds it: the sums of how far
values lie above (and below) their mean so far, less what is tolerated, fade; when one has risen by
more than the threshold above its least, the mean has moved.

Two things are to be known of a test that runs for years over values whose own mean is not kept at
zero. A sum that fades does not fall for ever: where it has come to rest, it rises by the threshold
with a mean that is a little off for long, however much is tolerated; with `alpha` 1, as in Page's
test, nothing fades. And a mean since the beginning moves ever less: in time all that comes and goes
with the seasons has moved, so the mean can be that of the last while (`remembered`, which River has
not).

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
    """When a mean has moved; the names are River's, but for `remembered`.

    Parameters
    ----------
    min_instances
        Before so many values nothing is said.
    delta
        How far off the mean is tolerated.
    threshold
        The higher, the later and the surer.
    alpha
        How the sums fade.
    remembered
        Of about so many values is the mean that a new one is held against; none: of all.
    """

    min_instances: int = 30
    delta: float = 0.005
    threshold: float = 50.0
    alpha: float = 1 - 0.0001
    remembered: int | None = None


class PageHinkley(DetectorState):
    """The test in both directions.

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
        """Take a value of each series for which one is given; tell whose mean has moved.

        It then begins anew with these.
        """
        limit, rows = self._limit, np.flatnonzero(given)
        moved = np.zeros(len(given), np.bool_)
        count = self.count[rows] + 1
        known = count if limit.remembered is None else np.minimum(count, limit.remembered)
        mean = self.mean[rows] + (value[rows] - self.mean[rows]) / known.astype(np.float32)
        off = value[rows] - mean
        alpha, delta = np.float32(limit.alpha), np.float32(limit.delta)
        above = alpha * self.above[rows] + off - delta
        below = alpha * self.below[rows] + off + delta
        least, most = np.minimum(self.least[rows], above), np.maximum(self.most[rows], below)
        self.count[rows], self.mean[rows] = count, mean
        self.above[rows], self.below[rows] = above, below
        self.least[rows], self.most[rows] = least, most
        far = (above - least > limit.threshold) | (most - below > limit.threshold)
        moved[rows] = far & (count >= limit.min_instances)
        for name, new in self.NEW.items():
            getattr(self, name)[moved] = new
        return moved
