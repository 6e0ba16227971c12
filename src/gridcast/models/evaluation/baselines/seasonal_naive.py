"""Seasonal naive: the load at the same time of the day or week before."""

import numpy as np

from gridcast.models.evaluation.baselines.baseline import PointBaseline
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.units import Floats


class SeasonalNaiveDay(PointBaseline):
    """The load at the same time yesterday; beyond a day ahead, the newest known one."""

    def point(self, view: SampleView) -> Floats:
        """Return the load of the day before."""
        return view.lag(np.arange(self.spec.horizon), 1)


class SeasonalNaiveWeek(PointBaseline):
    """The load at the same time a week ago."""

    def point(self, view: SampleView) -> Floats:
        """Return the load of the week before."""
        return view.lag(np.arange(self.spec.horizon), 7)
