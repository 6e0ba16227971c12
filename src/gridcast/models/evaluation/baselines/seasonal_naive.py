"""Seasonal naive: what was at the same time before."""

import numpy as np

from gridcast.models.evaluation.baselines.baseline import PointBaseline
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.units import Floats


class SeasonalNaiveDay(PointBaseline):
    """The same time yesterday; further ahead than a day, the newest known."""

    def point(self, view: SampleView) -> Floats:
        """Give the load of the day before."""
        return view.lag(np.arange(self.spec.horizon), 1)


class SeasonalNaiveWeek(PointBaseline):
    """The same time a week ago."""

    def point(self, view: SampleView) -> Floats:
        """Give the load of the week before."""
        return view.lag(np.arange(self.spec.horizon), 7)
