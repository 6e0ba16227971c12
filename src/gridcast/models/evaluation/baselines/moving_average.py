"""Moving average: the mean of the same time on the days before."""

import numpy as np

from gridcast.models.evaluation.baselines.baseline import PointBaseline
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.units import Floats

DAYS = 7


class MovingAverage(PointBaseline):
    """The mean of the same time of day on the seven newest known days."""

    def point(self, view: SampleView) -> Floats:
        """Return the mean of the days."""
        slot = np.arange(self.spec.horizon)
        near = view.near(slot)
        days = [view.lag(slot, near + before) for before in range(DAYS)]
        return np.asarray(np.mean(days, axis=0), np.float32)
