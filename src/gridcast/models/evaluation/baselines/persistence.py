"""Persistence: the newest load is the forecast."""

import numpy as np

from gridcast.models.evaluation.baselines.baseline import PointBaseline
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.units import Floats


class Persistence(PointBaseline):
    """The newest slot's load for the whole horizon."""

    def point(self, view: SampleView) -> Floats:
        """Return the newest slot's load, repeated."""
        return np.repeat(view.inputs.load[:, -1:], self.spec.horizon, axis=1)
