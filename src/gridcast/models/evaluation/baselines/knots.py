"""Interpolation between knots: the slots that a learner forecasts directly."""

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.units import Floats


def reference(view: SampleView, slot: npt.NDArray[np.integer]) -> Floats:
    """Return the shape that corrections are added to: the mean of last day and last week."""
    return np.asarray((view.lag(slot, 1) + view.lag(slot, 7)) / 2, np.float32)


def between_knots(view: SampleView, at_knots: Floats) -> Floats:
    """Interpolate quantiles at the spec's knots, [n, levels, knots], over the whole horizon.

    The correction of the reference is interpolated linearly, so that the shape within an hour is
    that of the days before.
    """
    spec = view.spec
    knots, slot = np.array(spec.knots), np.arange(spec.horizon)
    if len(knots) == len(slot):
        return at_knots
    right = np.searchsorted(knots, slot)
    left = np.maximum(right - 1, 0)
    apart = np.maximum(knots[right] - knots[left], 1)
    share = np.where(knots[right] == slot, 1, (slot - knots[left]) / apart).astype(np.float32)
    whole = reference(view, slot)[:, None]
    correction = at_knots - whole[:, :, knots]
    value: Floats = whole + (1 - share) * correction[:, :, left] + share * correction[:, :, right]
    return value
