"""Persistence: the newest load stays."""

import numpy as np

from gridcast.models.evaluation.baselines.baseline import Floats, PointBaseline
from gridcast.models.evaluation.baselines.view import View


class Persistence(PointBaseline):
    """Hold the newest slot."""

    def point(self, view: View) -> Floats:
        """Give the newest slot's load, again and again."""
        return np.repeat(view.inputs.load[:, -1:], self.spec.horizon, axis=1)
