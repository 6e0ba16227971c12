"""Persistence: the newest load stays."""

import numpy as np

from gridcast.models.evaluation.baselines.baseline import PointBaseline
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.units import Floats


class Persistence(PointBaseline):
    """Hold the newest slot."""

    def point(self, view: SampleView) -> Floats:
        """Give the newest slot's load, again and again."""
        return np.repeat(view.inputs.load[:, -1:], self.spec.horizon, axis=1)
